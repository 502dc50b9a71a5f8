using QuantBuild.Compiler.Store;
using QuantBuild.Files;

namespace QuantBuild.Compiler.Provenance;

/// <summary>A folder that only this user can look into, gone after use.</summary>
internal sealed class PrivateFolder : IDisposable
{
    private readonly string _path = Create(Path.GetFullPath(Path.GetTempPath()));

    /// <summary>Path of a file in it.</summary>
    public string PathTo(string name) => Path.Combine(_path, name);

    /// <summary>Writes a file and returns its path.</summary>
    public string Write(string name, byte[] content)
    {
        File.WriteAllBytes(PathTo(name), content);
        return PathTo(name);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_path, recursive: true);

    private static string Create(string parent)
    {
        try
        {
            // Not created with what is above it: that would be a wrong TMPDIR.
            if (!Directory.Exists(parent))
                throw new DirectoryNotFoundException("the folder for temporary files (TMPDIR) does not exist");
            string path = TemporaryFile.In(parent, "sign");
            return OperatingSystem.IsWindows() ? Directory.CreateDirectory(path).FullName
                : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, parent);
        }
    }
}
