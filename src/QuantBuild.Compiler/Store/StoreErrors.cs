using System.Globalization;
using System.Security;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Store;

/// <summary>Turns failures of the file system into diagnostics.</summary>
internal static class StoreErrors
{
    /// <summary>Whether an exception is the file system's, and therefore the user's business rather than a bug.</summary>
    public static bool IsFileSystem(Exception failure) => failure is IOException or UnauthorizedAccessException or SecurityException;

    /// <summary>
    /// The diagnostic for a failure to read or write <paramref name="path"/>: disk full, no permission, or the system's own words.
    /// </summary>
    /// <param name="failure">What <see cref="IsFileSystem"/> recognizes.</param>
    /// <param name="path">The file or folder at hand.</param>
    public static DiagnosticException Translate(Exception failure, string path) => new(failure switch
    {
        IOException io when IsDiskFull(io) => Descriptors.DiskFull.At(null, path, FreeSpace(path)),
        UnauthorizedAccessException or SecurityException => Descriptors.AccessDenied.At(null, path, failure.Message),
        _ => Descriptors.FileFailure.At(null, path, failure.Message),
    }, failure);

    /// <summary>The same for a file that somebody else may change: one that ends too early was cut short (QB4007).</summary>
    public static DiagnosticException TranslateInput(Exception failure, string path) => failure is EndOfStreamException
        ? new(Descriptors.InputChanged.At(null, path), failure)
        : Translate(failure, path);

    /// <summary>
    /// The same for a file of the store: one that is gone was deleted by somebody, and what it held can be made again (QB4060).
    /// </summary>
    public static DiagnosticException TranslateStore(Exception failure, string path) =>
        failure is FileNotFoundException or DirectoryNotFoundException
        ? new(Descriptors.StoreVanished.At(null, path), failure)
        : Translate(failure, path);

    /// <summary>The diagnostic for an input that was cut short after it had been opened (QB4007); null for any other failure.</summary>
    public static DiagnosticException? Shrunk(Exception failure) => failure is SafeTensorsException { IsShrunk: true } shrunk
        ? new(Descriptors.InputChanged.At(null, shrunk.Path), failure)
        : null;

    /// <summary>Whether the file system, or the user's quota, is full.</summary>
    public static bool IsDiskFull(IOException failure) => OperatingSystem.IsWindows()
        ? (failure.HResult & 0xffff) is 0x70 or 0x27
        : failure.HResult == 28 || failure.HResult == (OperatingSystem.IsMacOS() ? 69 : 122);

    /// <summary>Whether somebody else holds the file open exclusively.</summary>
    internal static bool IsSharingViolation(IOException failure) => OperatingSystem.IsWindows()
        ? (failure.HResult & 0xffff) is 32 or 33
        : failure.HResult == (OperatingSystem.IsMacOS() ? 35 : 11);

    private static string FreeSpace(string path)
    {
        try
        {
            string? folder = Path.GetFullPath(path);
            while (folder is not null && !Directory.Exists(folder))
                folder = Path.GetDirectoryName(folder);
            double bytes = new DriveInfo(folder ?? path).AvailableFreeSpace;
            return string.Create(CultureInfo.InvariantCulture, $"{bytes / (1 << 20):F1} MiB");
        }
        catch (Exception failure) when (IsFileSystem(failure) || failure is ArgumentException)
        {
            return "an unknown amount";
        }
    }
}
