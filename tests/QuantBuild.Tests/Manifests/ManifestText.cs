using System.Text;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;

namespace QuantBuild.Tests.Manifests;

/// <summary>Short manifests for tests, and short forms of what reading them gave.</summary>
internal static class ManifestText
{
    public const string Minimal = """
        {
          "model": { "source": "checkpoint" },
          "experts": { "high_noise": {}, "low_noise": {} },
          "calibration": { "data": "calibration.jsonl" }
        }
        """;

    /// <summary>The minimal manifest with more at its end, from line 5 on.</summary>
    public static string With(string sections) => Minimal[..^2].TrimEnd() + ",\n" + sections + "\n}";

    /// <summary>The minimal manifest with other bins of the high-noise expert.</summary>
    public static string WithBins(string bins) => Minimal.Replace("\"high_noise\": {}", "\"high_noise\": { \"bins\": " + bins + " }");

    public static ManifestReadResult Read(string text) =>
        ManifestReader.ReadText("/project/model.quant.json", Encoding.UTF8.GetBytes(text));

    /// <summary>Every problem as "code line:column".</summary>
    public static IEnumerable<string> Problems(string text) =>
        Read(text).Diagnostics.Select(d => $"{d.Descriptor.Code} {d.Span!.Value.Line}:{d.Span.Value.Column}");

    /// <summary>The one problem's code and message.</summary>
    public static string Problem(string text)
    {
        ManifestReadResult result = Read(text);
        Assert.Null(result.Manifest);
        return Assert.Single(result.Diagnostics) is var problem ? $"{problem.Descriptor.Code}: {problem.Message}" : "";
    }

    public static QuantManifest Valid(string text)
    {
        ManifestReadResult result = Read(text);
        Assert.Empty(result.Diagnostics);
        return result.Manifest!;
    }
}
