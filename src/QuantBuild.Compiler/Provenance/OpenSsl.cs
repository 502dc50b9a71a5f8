using System.ComponentModel;
using System.Diagnostics;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Provenance;

/// <summary>Signs and verifies with the program openssl, so that keys may be wherever it finds them.</summary>
public static class OpenSsl
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Signs bytes.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="privateKey">File of the private key, PEM: EC or RSA (over SHA-256), or Ed25519.</param>
    /// <returns>The signature, and the id of the key.</returns>
    /// <exception cref="DiagnosticException">openssl is missing or fails (QB5044).</exception>
    public static (byte[] Signature, string KeyId) Sign(byte[] content, string privateKey)
    {
        using var folder = new PrivateFolder();
        string input = folder.Write("content", content), output = folder.PathTo("signature");
        string? why = Run("dgst", "-sha256", "-sign", privateKey, "-out", output, input);
        // Ed25519 hashes by itself, and dgst does not know it.
        if (why is not null && Run("pkeyutl", "-sign", "-rawin", "-inkey", privateKey, "-in", input, "-out", output) is not null)
            throw Failed("sign", why);
        return (File.ReadAllBytes(output), IdOf(folder, privateKey, isPublic: false));
    }

    /// <summary>Verifies a signature.</summary>
    /// <param name="content">The bytes that were signed.</param>
    /// <param name="signature">The signature.</param>
    /// <param name="publicKey">File of the public key, PEM.</param>
    /// <returns>Whether the key's owner signed exactly these bytes.</returns>
    /// <exception cref="DiagnosticException">openssl is missing, or the key cannot be read (QB5044).</exception>
    public static bool Verify(byte[] content, byte[] signature, string publicKey)
    {
        using var folder = new PrivateFolder();
        string input = folder.Write("content", content), sealing = folder.Write("signature", signature);
        IdOf(folder, publicKey, isPublic: true);
        return Run("dgst", "-sha256", "-verify", publicKey, "-signature", sealing, input) is null
            || Run("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", publicKey, "-sigfile", sealing, "-in", input) is null;
    }

    private static string IdOf(PrivateFolder folder, string key, bool isPublic)
    {
        string der = folder.PathTo("key.der");
        string[] kind = isPublic ? ["-pubin"] : [];
        return Run(["pkey", .. kind, "-in", key, "-pubout", "-outform", "DER", "-out", der]) is { } why
            ? throw Failed("read the key", why) : Digest.Of(File.ReadAllBytes(der)).ToString();
    }

    /// <summary>Runs openssl; null when it succeeds, else what it says.</summary>
    private static string? Run(params string[] arguments)
    {
        try
        {
            using var process = new Process();
            process.StartInfo = new ProcessStartInfo("openssl", arguments)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            process.Start();
            // Asked for a pass phrase, it reads the end of the input and fails instead of waiting.
            process.StandardInput.Close();
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(Patience))
            {
                process.Kill(entireProcessTree: true);
                return "it does not come to an end";
            }
            Task.WaitAll(output, error);
            return process.ExitCode == 0 ? null : Reason(error.Result, process.ExitCode);
        }
        catch (Win32Exception failure)
        {
            throw Failed("be started", failure.Message, failure);
        }
    }

    private static string Reason(string error, int code) =>
        error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? $"it ends with code {code}";

    private static DiagnosticException Failed(string what, string why, Exception? cause = null) => new(Descriptors.SignerFailed.At(null, what, why), cause);

    /// <summary>A folder that only this user can look into, gone after use.</summary>
    private sealed class PrivateFolder : IDisposable
    {
        private readonly string _path = Directory.CreateTempSubdirectory("quantbuild-sign-").FullName;

        public string PathTo(string name) => Path.Combine(_path, name);

        public string Write(string name, byte[] content)
        {
            File.WriteAllBytes(PathTo(name), content);
            return PathTo(name);
        }

        public void Dispose() => Directory.Delete(_path, recursive: true);
    }
}
