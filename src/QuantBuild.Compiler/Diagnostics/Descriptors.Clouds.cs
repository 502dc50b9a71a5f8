namespace QuantBuild.Compiler.Diagnostics;

internal static partial class Descriptors
{
    /// <summary>The package for a remote store is not installed.</summary>
    public static readonly DiagnosticDescriptor RemotePackageMissing = new("QB4120", Severity.Error,
        "the remote store {0} needs the package {1}, which is not installed",
        "Stores at Amazon S3 and Azure Blob Storage need these clouds' own libraries, which are in a package that the tool loads only "
            + "then.",
        "Reference the package in the model project, in the version of QuantBuild, and restore it; or name its folder in the environment "
            + "variable QUANTBUILD_EXTENSIONS (docs/cache.md).");

    /// <summary>The package for a remote store cannot be loaded.</summary>
    public static readonly DiagnosticDescriptor RemotePackageUnusable = new("QB4121", Severity.Error,
        "the package for this remote store cannot be loaded from here: {0}",
        "The file has the name of the package's assembly and is damaged, belongs to another version of QuantBuild, or misses a part.",
        "Install QuantBuild.Remotes in the version of QuantBuild.");

    /// <summary>Settings of a cloud's libraries that cannot be used.</summary>
    public static readonly DiagnosticDescriptor RemoteSettings = new("QB4122", Severity.Error,
        "the remote store {0} cannot be used: {1}",
        "Region, server and credentials of a store at a cloud come from the environment variables and files of that cloud's own tools. One "
            + "of them is missing or has no such value; values are not shown because they may be secrets.",
        "Set it: AWS_REGION or a profile with a region, AWS_ENDPOINT_URL_S3 for servers other than Amazon's; "
            + "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_KEY, or nothing where `az login` or a managed identity is used.");
}
