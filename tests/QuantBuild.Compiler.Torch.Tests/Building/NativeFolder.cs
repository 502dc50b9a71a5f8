using System.Text;

namespace QuantBuild.Compiler.Torch.Tests.Building;

/// <summary>A folder with libraries that are not what they should be.</summary>
internal sealed class NativeFolder : IDisposable
{
    /// <summary>The folder.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("quantbuild-natives-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);

    /// <summary>Copies a library of this process.</summary>
    /// <param name="library">Its file name.</param>
    /// <param name="name">The name of the copy.</param>
    /// <param name="without">A symbol that the copy has under another name; null for none.</param>
    public void Copy(string library, string name, string? without = null)
    {
        string file = File.ReadLines("/proc/self/maps").Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .First(mapped => System.IO.Path.GetFileName(mapped).StartsWith(library, StringComparison.Ordinal));
        byte[] content = File.ReadAllBytes(file);
        if (without is not null)
        {
            int place = content.AsSpan().IndexOf(Encoding.ASCII.GetBytes(without + '\0'));
            Assert.True(place > 0);
            content[place + 1] ^= 1;
        }
        File.WriteAllBytes(System.IO.Path.Combine(Path, name), content);
    }
}
