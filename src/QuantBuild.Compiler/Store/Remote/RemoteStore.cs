using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store.Remote;

/// <summary>A remote store that was named.</summary>
/// <param name="Name">Its address, for messages.</param>
/// <param name="Blobs">Its blobs.</param>
/// <param name="Actions">Its actions.</param>
internal sealed record RemoteStore(string Name, IBlobStore Blobs, IActionCache Actions)
{
    /// <summary>The store behind an address. Nothing is asked of it yet.</summary>
    /// <param name="url">The address.</param>
    /// <param name="local">Root of the store on this machine.</param>
    /// <exception cref="DiagnosticException">The address is none (QB4090).</exception>
    public static RemoteStore Of(string url, string local)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address))
            throw Invalid(url, "it is not an absolute URL");
        if (!address.IsFile)
            throw Invalid(url, $"'{address.Scheme}' is not a protocol that this version speaks; it knows 'file'");
        if (!OperatingSystem.IsWindows() && address.Host is not ("" or "localhost"))
            throw Invalid(url, $"the folder of another machine has to be mounted; '{address.Host}' after two slashes is a machine");
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(address.LocalPath));
        if (IsInside(folder, local) || IsInside(local, folder))
            throw Invalid(url, $"it and the local store '{local}' are one inside the other");
        var store = new FolderStore(folder);
        return new RemoteStore(url, store, store);
    }

    private static bool IsInside(string path, string folder) =>
        (path + Path.DirectorySeparatorChar).StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar,
            OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase);

    private static DiagnosticException Invalid(string url, string reason) => new(Descriptors.RemoteInvalid.At(null, url, reason));
}
