using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Provenance;

/// <summary>Signs an artifact's statement, and finds the program for a key.</summary>
internal static class Signatures
{
    /// <summary>
    /// Signs the statement in an artifact's folder and writes the envelope beside it. What does not fit the files is not signed.
    /// </summary>
    /// <param name="folder">The artifact's folder.</param>
    /// <param name="key">The private key.</param>
    /// <param name="cosign">Whether cosign signs; else openssl does.</param>
    /// <returns>The id of the key.</returns>
    /// <exception cref="DiagnosticException">
    /// The statement is missing or another artifact's (QB504x), or the program fails (QB5044).
    /// </exception>
    public static string Sign(string folder, string key, bool cosign)
    {
        ProvenanceResult result = ProvenanceCheck.OfUnsigned(folder);
        if (!result.Problems.IsEmpty)
            throw new DiagnosticException(result.Problems);
        byte[] statement = File.ReadAllBytes(Path.Combine(folder, ProvenanceStatement.FileName));
        byte[] content = Envelope.SignedBytes(statement);
        (byte[] signature, string id) = cosign ? Cosign.Sign(content, key) : OpenSsl.Sign(content, key);
        ProvenanceFiles.Replace(Path.Combine(folder, Envelope.FileName), new Envelope(statement, id, signature).ToJson());
        return id;
    }

    /// <summary>
    /// What to call a key if its owner made a signature: its id with openssl for a key in a file, its address with cosign for one that only
    /// cosign can reach.
    /// </summary>
    internal static string? SignerOf(byte[] content, byte[] signature, string publicKey) =>
        publicKey.Contains("://", StringComparison.Ordinal)
        ? (Cosign.Verify(content, signature, publicKey) ? publicKey : null) : OpenSsl.SignerOf(content, signature, publicKey);
}
