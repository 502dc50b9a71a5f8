using System.Text.RegularExpressions;

namespace QuantBuild.Tests.Architecture;

/// <summary>The places where another arithmetic is put in: nothing computes past them.</summary>
public sealed partial class SeamTests
{
    [Fact]
    public void Experts_are_opened_by_factories_alone()
    {
        string[] places = [.. Sources(Path.Combine("src")).Where(file => File.ReadAllText(file).Contains("new WanTransformer("))
            .Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

        Assert.Equal(["CpuDenoiserFactory.cs", "WanTransformer.cs"], places);
    }

    [Fact]
    public void Stages_get_their_numbers_from_a_backend()
    {
        string[] algorithms = [.. Sources(Path.Combine("src", "QuantBuild.Compiler", "Quantizers"))
            .SelectMany(file => StaticClass().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value)];
        Assert.Contains("Gptq", algorithms);
        Assert.Contains("Smoothing", algorithms);

        Assert.Empty(Sources(Path.Combine("src", "QuantBuild.Compiler", "Stages"))
            .SelectMany(file => Call().Matches(File.ReadAllText(file)).Where(call => algorithms.Contains(call.Groups[1].Value))
                .Select(call => $"{Path.GetFileName(file)} calls {call.Value}")));
    }

    private static IEnumerable<string> Sources(string folder) => Directory
        .EnumerateFiles(Path.Combine(TestData.Root, folder), "*.cs", SearchOption.AllDirectories)
        .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"));

    [GeneratedRegex(@"^(?:public|internal) static (?:unsafe |partial )*class (\w+)", RegexOptions.Multiline)]
    private static partial Regex StaticClass();

    [GeneratedRegex(@"\b([A-Z]\w*)\.\w+\(")]
    private static partial Regex Call();
}
