namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>A folder that is gone after the test.</summary>
/// <param name="prefix">How its name begins; left out, with a space and a letter that is not ASCII.</param>
internal sealed class TemporaryFolder(string prefix = "quantbuild tést ") : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory(prefix).FullName;

    public string this[params string[] parts] => System.IO.Path.Combine([Path, .. parts]);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
