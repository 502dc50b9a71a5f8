namespace QuantBuild.Tests.Architecture;

public sealed class LineLengthTests
{
    private const int Columns = 140;

    [Fact]
    public void Lines_of_code_and_comments_end_at_the_limit_that_the_editorconfig_states()
    {
        Assert.Contains($"max_line_length = {Columns}", File.ReadAllLines(Path.Combine(TestData.Root, ".editorconfig")));

        string[] files = [.. new[] { "src", "tests" }.SelectMany(folder => Directory
            .EnumerateFiles(Path.Combine(TestData.Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))];
        Assert.True(files.Length > 500);
        Assert.Empty(files.SelectMany(TooLong));
    }

    [Theory]
    [InlineData("//", true)]
    [InlineData("x = y + ", true)]
    [InlineData("x = \"", false)]
    public void Only_a_literal_may_cross_the_limit(string start, bool tooLong)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllLines(path, [start + new string('z', Columns), "short"]);
            Assert.Equal(tooLong, TooLong(path).Any());
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>
    /// Lines beyond the limit. A text that is one literal, so that it can be searched for, may cross it; so may lines of raw ones.
    /// </summary>
    private static IEnumerable<string> TooLong(string path)
    {
        (int number, bool raw) = (0, false);
        foreach (string line in File.ReadLines(path))
        {
            number++;
            bool inRaw = raw || line.Contains("\"\"\"", StringComparison.Ordinal);
            raw ^= line.Split("\"\"\"").Length % 2 == 0;
            if (line.Length > Columns && !inRaw && line[..Columns].Split('"').Length == 1)
                yield return $"{Path.GetRelativePath(TestData.Root, path)}:{number}";
        }
    }
}
