using System.Globalization;
using System.Text.RegularExpressions;
using QuantBuild.Compiler.Store;
using QuantBuild.Files;

namespace QuantBuild.Tests.Files;

public sealed partial class TemporaryFileTests : IDisposable
{
    /// <summary>Larger than any system's numbers of processes.</summary>
    private const int NoProcess = 999_999_999;

    private readonly string _root = Directory.CreateTempSubdirectory("quantbuild-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void What_a_process_left_that_is_gone_is_removed_by_the_next_file()
    {
        string own = TemporaryFile.In(_root, "page.html");
        string gone = Process().Replace(own, string.Create(CultureInfo.InvariantCulture, $"-{NoProcess}-"));
        string elsewhere = Machine().Replace(gone, ".00000000-");
        string folder = gone.Replace("page", "sign", StringComparison.Ordinal);
        Directory.CreateDirectory(folder);
        foreach (string path in (string[])[own, gone, elsewhere, Path.Combine(folder, "content"), Path.Combine(_root, "unfinished.tmp")])
            File.WriteAllText(path, "");

        TemporaryFile.RemoveAbandoned(_root);

        Assert.Equal(new[] { own, elsewhere, Path.Combine(_root, "unfinished.tmp") }.Order(StringComparer.Ordinal),
            Directory.EnumerateFileSystemEntries(_root).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(".page.html.00000000-1-0123456789abcdef.quantbuild-tmp")]
    [InlineData("page.html.0123456789abcdef0123456789abcdef.quantbuild-tmp")]
    [InlineData(".model.quant.lock.json.0123456789abcdef0123456789abcdef.quantbuild-tmp")]
    public void What_is_older_than_a_day_is_removed_whoever_left_it(string name)
    {
        string old = Path.Combine(_root, name), young = Path.Combine(_root, "x" + name);
        File.WriteAllText(old, "");
        File.WriteAllText(young, "");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-25));
        File.SetLastWriteTimeUtc(young, DateTime.UtcNow.AddHours(-23));

        OutputFile.Write(Path.Combine(_root, "page.html"), "text");

        Assert.Equal(new[] { Path.Combine(_root, "page.html"), young }.Order(StringComparer.Ordinal),
            Directory.EnumerateFileSystemEntries(_root).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_file_that_fails_leaves_nothing()
    {
        Assert.Throws<InvalidOperationException>(() => OutputFile.WriteBy(Path.Combine(_root, "a"), temporary =>
        {
            File.WriteAllText(temporary, "half");
            throw new InvalidOperationException();
        }));

        Assert.Empty(Directory.EnumerateFileSystemEntries(_root));
    }

    [Fact]
    public void Long_names_have_short_temporary_ones()
    {
        string name = new string('a', 39) + "😀" + new string('ü', 80);

        OutputFile.Write(Path.Combine(_root, name), "text");

        Assert.True(File.Exists(Path.Combine(_root, name)));
    }

    /// <summary>Every unfinished file has a name of one form, whoever writes it; the store has a folder of its own for them.</summary>
    [Fact]
    public void Sources_have_no_temporary_names_of_their_own()
    {
        string[] places = [.. Directory.EnumerateFiles(Path.Combine(TestData.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
            .Where(path => OwnName().IsMatch(File.ReadAllText(path)))
            .Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

        Assert.Empty(places);
    }

    [GeneratedRegex(@"-[0-9]+-")]
    private static partial Regex Process();

    [GeneratedRegex(@"\.[0-9a-f]{8}-")]
    private static partial Regex Machine();

    [GeneratedRegex("""\{Guid\.NewGuid\(\):N\}(\.tmp|"|\{(ContentStore\.)?TemporaryExtension)|ProcessId\}\.tmp""")]
    private static partial Regex OwnName();
}
