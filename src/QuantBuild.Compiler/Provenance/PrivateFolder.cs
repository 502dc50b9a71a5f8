namespace QuantBuild.Compiler.Provenance;

/// <summary>A folder that only this user can look into, gone after use.</summary>
internal sealed class PrivateFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("quantbuild-sign-").FullName;

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
}
