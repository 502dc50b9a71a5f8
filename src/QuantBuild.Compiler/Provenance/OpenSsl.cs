using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Provenance;

/// <summary>Signs and verifies with the program openssl, so that keys may be wherever it finds them.</summary>
internal static class OpenSsl
{
    private const string Program = "openssl";

    /// <summary>Signs bytes.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="privateKey">File of the private key, PEM: EC or RSA (over SHA-256), or Ed25519.</param>
    /// <returns>The signature, and the id of the key.</returns>
    /// <exception cref="DiagnosticException">openssl is missing or fails (QB5044).</exception>
    public static (byte[] Signature, string KeyId) Sign(byte[] content, string privateKey)
    {
        using var folder = new PrivateFolder();
        string input = folder.Write("content", content), output = folder.PathTo("signature");
        string? why = ExternalProgram.Run(Program, "dgst", "-sha256", "-sign", privateKey, "-out", output, input);
        // Ed25519 hashes by itself, and dgst does not know it.
        if (why is not null
            && ExternalProgram.Run(Program, "pkeyutl", "-sign", "-rawin", "-inkey", privateKey, "-in", input, "-out", output) is not null)
            throw ExternalProgram.Failed(Program, "sign", why);
        return (File.ReadAllBytes(output), IdOf(folder, privateKey, isPublic: false));
    }

    /// <summary>Verifies a signature.</summary>
    /// <param name="content">The bytes that were signed.</param>
    /// <param name="signature">The signature.</param>
    /// <param name="publicKey">File of the public key, PEM.</param>
    /// <returns>Whether the key's owner signed exactly these bytes.</returns>
    /// <exception cref="DiagnosticException">openssl is missing, or the key cannot be read (QB5044).</exception>
    public static bool Verify(byte[] content, byte[] signature, string publicKey) => SignerOf(content, signature, publicKey) is not null;

    /// <summary>Verifies a signature.</summary>
    /// <param name="content">The bytes that were signed.</param>
    /// <param name="signature">The signature.</param>
    /// <param name="publicKey">File of the public key, PEM.</param>
    /// <returns>The id of the key whose owner signed exactly these bytes; null when nobody did with this key.</returns>
    /// <exception cref="DiagnosticException">openssl is missing, or the key cannot be read (QB5044).</exception>
    internal static string? SignerOf(byte[] content, byte[] signature, string publicKey)
    {
        using var folder = new PrivateFolder();
        string input = folder.Write("content", content), sealing = folder.Write("signature", signature);
        string id = IdOf(folder, publicKey, isPublic: true);
        bool good = ExternalProgram.Run(Program, "dgst", "-sha256", "-verify", publicKey, "-signature", sealing, input) is null
            || ExternalProgram.Run(Program, "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", publicKey, "-sigfile", sealing, "-in",
                input) is null;
        return good ? id : null;
    }

    /// <summary>SHA-256 of a public key in DER form.</summary>
    internal static string IdOf(PrivateFolder folder, string key, bool isPublic)
    {
        string der = folder.PathTo("key.der");
        string[] kind = isPublic ? ["-pubin"] : [];
        return ExternalProgram.Run(Program, ["pkey", .. kind, "-in", key, "-pubout", "-outform", "DER", "-out", der]) is { } why
            ? throw ExternalProgram.Failed(Program, "read the key", why) : Digest.Of(File.ReadAllBytes(der)).ToString();
    }
}
