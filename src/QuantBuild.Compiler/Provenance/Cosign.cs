using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Provenance;

/// <summary>
/// Signs and verifies with the program cosign, whose keys may be in files, hardware or a cloud's key service. Its signatures of bytes are
/// plain ECDSA or RSA over SHA-256, so what it signs with a key in a file openssl verifies, and the reverse.
/// </summary>
/// <remarks>Nothing is sent to a transparency log: it would publish the names of unpublished models.</remarks>
internal static class Cosign
{
    private const string Program = "cosign";

    /// <summary>Signs bytes.</summary>
    /// <param name="content">The bytes.</param>
    /// <param name="key">The private key as cosign names it: a file, or an address such as <c>awskms://…</c>.</param>
    /// <returns>The signature, and the id of the key.</returns>
    /// <exception cref="DiagnosticException">cosign is missing or fails (QB5044).</exception>
    public static (byte[] Signature, string KeyId) Sign(byte[] content, string key)
    {
        using var folder = new PrivateFolder();
        string input = folder.Write("content", content), output = folder.PathTo("signature"), open = folder.PathTo("key.pem");
        if (ExternalProgram.Run(Program, "sign-blob", "--yes", "--tlog-upload=false", "--key", key, "--output-signature", output,
            input) is { } why)
            throw ExternalProgram.Failed(Program, "sign", why);
        if (ExternalProgram.Run(Program, "public-key", "--key", key, "--outfile", open) is { } unreadable)
            throw ExternalProgram.Failed(Program, "read the key", unreadable);
        try
        {
            return (Convert.FromBase64String(File.ReadAllText(output)), Digest.Of(Der(File.ReadAllText(open))).ToString());
        }
        catch (Exception failure) when (failure is FormatException or FileNotFoundException or ArgumentException)
        {
            throw ExternalProgram.Failed(Program, "sign", "it wrote something else than a signature and a key", failure);
        }
    }

    /// <summary>Verifies a signature.</summary>
    /// <param name="content">The bytes that were signed.</param>
    /// <param name="signature">The signature.</param>
    /// <param name="key">The public key as cosign names it.</param>
    /// <returns>Whether the key's owner signed exactly these bytes; what cosign cannot read counts as not signed.</returns>
    /// <exception cref="DiagnosticException">cosign is missing (QB5044).</exception>
    public static bool Verify(byte[] content, byte[] signature, string key)
    {
        using var folder = new PrivateFolder();
        string input = folder.Write("content", content);
        string text = folder.Write("signature", System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(signature)));
        return ExternalProgram.Run(Program, "verify-blob", "--insecure-ignore-tlog=true", "--key", key, "--signature", text, input) is null;
    }

    private static byte[] Der(string pem)
    {
        System.Security.Cryptography.PemFields fields = System.Security.Cryptography.PemEncoding.Find(pem);
        return Convert.FromBase64String(pem[fields.Base64Data]);
    }
}
