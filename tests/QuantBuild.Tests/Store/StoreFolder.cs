using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

/// <summary>A folder of its own for a test, whose path has spaces and letters beyond ASCII; gone afterwards.</summary>
internal sealed class StoreFolder : IDisposable
{
    public StoreFolder()
    {
        Base = Path.Combine(Path.GetTempPath(), $"quantbuild tests ü→模型 {Guid.NewGuid():N}");
        Directory.CreateDirectory(Base);
    }

    public string Base { get; }

    public string Root => Path.Combine(Base, "the store");

    public ContentStore Open() => ContentStore.Open(Root);

    public string PathTo(params string[] parts) => Path.Combine([Base, .. parts]);

    public string WriteFile(string name, byte[] content)
    {
        string path = PathTo(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>Lets the coarse clock of the file system pass a tick, so that what follows is later than what came before.</summary>
    public static void Tick() => Thread.Sleep(20);

    public void Dispose() => Directory.Delete(Base, recursive: true);
}
