namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB504x: provenance and signatures.</content>
internal static partial class Descriptors
{
    /// <summary>QB5040: there is no statement.</summary>
    public static readonly DiagnosticDescriptor ProvenanceMissing = new("QB5040", Severity.Error,
        "there is no {0} beside the artifact",
        "The artifact was built without provenance, it was not signed, or the file was not copied along.",
        "Write the statement where the artifact is built, and sign it there.");

    /// <summary>QB5041: the statement cannot be understood.</summary>
    public static readonly DiagnosticDescriptor ProvenanceInvalid = new("QB5041", Severity.Error,
        "the provenance cannot be used: {0}",
        "The file was edited, is of another kind, or has parameters that this version does not know and therefore cannot vouch for.",
        "Restore the file, or use the version of the tool that wrote it.");

    /// <summary>QB5042: the artifact is not the one stated.</summary>
    public static readonly DiagnosticDescriptor ProvenanceMismatch = new("QB5042", Severity.Error,
        "the provenance is not this artifact's: {0}",
        "A file was changed, added or replaced after the statement was made, or the statement belongs to another build.",
        "Build again, or get artifact and provenance from one place.");

    /// <summary>QB5043: the signature is wrong.</summary>
    public static readonly DiagnosticDescriptor SignatureInvalid = new("QB5043", Severity.Error,
        "the signature of the provenance is not valid: {0}",
        "It was made with another key, or the statement was changed after signing.",
        "Check that the public key is the signer's; do not use the artifact before that is clear.");

    /// <summary>QB5044: the program that signs is missing or fails.</summary>
    public static readonly DiagnosticDescriptor SignerFailed = new("QB5044", Severity.Error,
        "{0} cannot {1}: {2}",
        "The program is not on the PATH (relative entries of it are passed over, as is the current folder), or the key is missing, "
            + "encrypted, or not of a kind that it signs with.",
        "Install openssl or cosign. For openssl name an unencrypted private key (EC, RSA or Ed25519) in PEM form, or its public key to "
            + "verify.");

    /// <summary>QB5072: files that the statement does not list.</summary>
    public static readonly DiagnosticDescriptor FilesUncovered = new("QB5072", Severity.Error,
        "the folder has files that its provenance does not cover: {0}",
        "Loaders read what they find: another file of weights, an index, or a script beside the artifact would be used with it, and "
            + "nobody vouches for that.",
        "Delete these files, or get the artifact again into an empty folder. README.md, LICENSE, the report page and the run record may "
            + "be there.");

    /// <summary>QB5045: an input is not the one stated.</summary>
    public static readonly DiagnosticDescriptor ProvenanceInputDiffers = new("QB5045", Severity.Error,
        "the artifact was not built from the {0} that is here: stated {1}, found {2}",
        "The manifest, the checkpoint, the calibration data or the lock was changed after the build, or the artifact is another project's.",
        "Check out the state that the artifact was built from, or build again.");
}
