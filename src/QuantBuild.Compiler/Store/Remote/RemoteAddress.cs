using System.Diagnostics.CodeAnalysis;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Extensions;
using QuantBuild.Compiler.Store.Remote.Http;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>From an address to the store behind it.</summary>
internal static class RemoteAddress
{
    private const string Known = "'file', 'https', 'http', 's3' and 'azblob'";

    /// <summary>The package that speaks with clouds.</summary>
    private const string Package = "QuantBuild.Remotes";

    /// <summary>The store behind an address. Nothing is asked of it yet.</summary>
    /// <param name="options">Have the address.</param>
    /// <param name="local">Root of the store on this machine.</param>
    /// <param name="packages">Asked for the packages of the model project when a protocol is one's; null for none.</param>
    /// <exception cref="DiagnosticException">
    /// The address is none (QB4090), its credentials cannot be used (QB4096), or the package for it is not installed (QB4120).
    /// </exception>
    public static RemoteStore Open(RemoteStoreOptions options, string local, Func<RestoredPackages>? packages = null)
    {
        if (!Uri.TryCreate(options.Url, UriKind.Absolute, out Uri? address))
            throw Invalid(Cut(options.Url), "it is not an absolute URL");
        string shown = address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        if (address.UserInfo.Length > 0)
            throw Invalid(shown, "a name or password in an address ends up in lists of processes; "
                + (address.Scheme is "s3" or "azblob" ? "use the variables and files of the cloud's own tools"
                    : $"set {HttpAuthorization.Variable} or write them into a netrc file"));
        if (address.Query.Length > 0 || address.Fragment.Length > 0)
            throw Invalid(shown, "it has a query or a fragment, which the address of a store has not");
        return address.Scheme switch
        {
            "file" => Folder(address, options.Url, local),
            "http" or "https" => Server(address, shown, options),
            "s3" or "azblob" => Cloud(address, shown, options, packages),
            _ => throw Invalid(shown, $"'{address.Scheme}' is not a protocol that this version speaks; it knows {Known}"),
        };
    }

    private static RemoteStore Folder(Uri address, string url, string local)
    {
        if (!OperatingSystem.IsWindows() && address.Host is not ("" or "localhost"))
            throw Invalid(url, $"the folder of another machine has to be mounted; '{address.Host}' after two slashes is a machine");
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(address.LocalPath));
        if (IsInside(folder, local) || IsInside(local, folder))
            throw Invalid(url, $"it and the local store '{local}' are one inside the other");
        var store = new FolderStore(folder);
        return new RemoteStore(url, store, store);
    }

    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The result owns the store.")]
    private static RemoteStore Server(Uri address, string shown, RemoteStoreOptions options)
    {
        RequirePrivacy(address, shown, options);
        try
        {
            var store = new HttpStore(address, HttpAuthorization.For(address.Host, options.Environment,
                Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)), HttpLimits.Default);
            return new RemoteStore(shown, store, store);
        }
        catch (FormatException failure)
        {
            throw new DiagnosticException(Descriptors.RemoteCredentialsInvalid.At(null, shown, failure.Message));
        }
    }

    private static RemoteStore Cloud(Uri address, string shown, RemoteStoreOptions options, Func<RestoredPackages>? packages) =>
        (ExtensionFolders.Default.Find(Package) ?? packages?.Invoke().Find(Package)) is { } path
            ? ExtensionAssembly.Load<IRemoteProvider>(path, Descriptors.RemotePackageUnusable).Open(address, shown, options)
            : throw new DiagnosticException(Descriptors.RemotePackageMissing.At(null, shown, Package));

    /// <summary>Refuses a server to which everything would go as plain text over a network that nobody said to be safe.</summary>
    /// <param name="server">The server.</param>
    /// <param name="shown">What to name in the message.</param>
    /// <param name="options">Look environment variables up.</param>
    /// <exception cref="DiagnosticException">It is not safe (QB4090).</exception>
    internal static void RequirePrivacy(Uri server, string shown, RemoteStoreOptions options)
    {
        if (server.Scheme == "http" && !server.IsLoopback && options.Environment(RemoteStoreOptions.PlainHttpVariable) is not "1")
            throw Invalid(shown, "http:// lets anybody on the way read credentials and change results; use https://, or set "
                + $"{RemoteStoreOptions.PlainHttpVariable}=1 where the network is yours");
    }

    /// <summary>What is no address may be a secret at the wrong place.</summary>
    private static string Cut(string text) => text.Length <= 60 ? text : text[..60] + "…";

    private static bool IsInside(string path, string folder) =>
        (path + Path.DirectorySeparatorChar).StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar,
            OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase);

    private static DiagnosticException Invalid(string url, string reason) => new(Descriptors.RemoteInvalid.At(null, url, reason));
}
