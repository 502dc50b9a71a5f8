using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Work;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Publishing;

/// <summary>Writes the model card of an artifact: front matter and one section that are generated, everything else the user's.</summary>
/// <remarks>It holds no times: pushing an unchanged artifact changes no card.</remarks>
internal static class ModelCard
{
    /// <summary>Name of the file in a repository.</summary>
    public const string FileName = "README.md";

    private const string Begin = "<!-- quantbuild:begin -->";
    private const string End = "<!-- quantbuild:end -->";
    private const string Fence = "---\n";

    /// <summary>The layout that this project's runtime opens.</summary>
    private const string NativeLayout = "native";

    /// <summary>Keys of the front matter that are always generated; those of facts are when the facts are known.</summary>
    private static readonly string[] OwnKeys = ["pipeline_tag", "tags"];

    /// <summary>A new card, or an existing one with its generated parts brought up to date.</summary>
    /// <param name="artifact">The artifact.</param>
    /// <param name="facts">What the artifact itself does not know.</param>
    /// <param name="quality">What was measured of its layers; empty to leave it out.</param>
    /// <param name="existing">The card to update; null or empty for a new one.</param>
    /// <exception cref="DiagnosticException">The existing card's front matter or marks cannot be understood (QB5050).</exception>
    public static string Render(ArtifactDescriptor artifact, ModelCardFacts facts, ImmutableArray<LayerQuality> quality,
        string? existing = null)
    {
        existing = Normal(existing);
        facts = Complete(facts, existing);
        (string keptKeys, string body) =
            Split(existing,
                [.. OwnKeys, .. facts.License is null ? (string[])[] : ["license"], .. facts.BaseModel is null
                    ? (string[])[]
                    : ["base_model", "base_model_relation"]]);
        string section = Section(artifact, facts, quality);
        int begin = body.IndexOf(Begin, StringComparison.Ordinal), end = body.IndexOf(End, StringComparison.Ordinal);
        if (begin >= 0 != end >= 0 || end < begin || body.IndexOf(Begin, begin + 1, StringComparison.Ordinal) > begin)
            throw Invalid($"'{Begin}' and '{End}' must each be there once, in this order, or not at all");
        string text = begin >= 0 ? body[..begin] + section + body[(end + End.Length)..]
            : string.IsNullOrWhiteSpace(body) ? $"# {artifact.Name}\n\n{section}\n"
            : $"{body.TrimEnd('\n')}\n\n{section}\n";
        return Fence + FrontMatter(artifact, facts) + keptKeys + Fence + (text.StartsWith('\n') ? "" : "\n") + text;
    }

    private static string FrontMatter(ArtifactDescriptor artifact, ModelCardFacts facts)
    {
        var yaml = new StringBuilder();
        if (facts.License is { } license)
            yaml.Append(CultureInfo.InvariantCulture, $"license: {Plain(license)}\n");
        string kind = artifact.Architecture == WanArchitecture.TextToVideo.Name ? "text-to-video" : "image-to-video";
        yaml.Append(CultureInfo.InvariantCulture, $"pipeline_tag: {kind}\n");
        if (facts.BaseModel is { } model)
            yaml.Append(CultureInfo.InvariantCulture, $"base_model: {model}\nbase_model_relation: quantized\n");
        yaml.Append(CultureInfo.InvariantCulture, $"tags:\n- {Plain(artifact.Architecture)}\n");
        foreach (string tag in CardMethod.Of(artifact, facts.Gptq).Tags)
            yaml.Append(CultureInfo.InvariantCulture, $"- {tag}\n");
        return yaml.ToString();
    }

    private static string Section(ArtifactDescriptor artifact, ModelCardFacts facts, ImmutableArray<LayerQuality> quality)
    {
        var text = new StringBuilder(Begin + "\n");
        text.Append(CultureInfo.InvariantCulture,
            $"## Quantization\n\nBuilt by QuantBuild {artifact.Tool} ({artifact.Profile}, plan `{artifact.Plan[..12]}`)");
        text.Append(facts.BaseModel is { } model ? $" from `{model}`" : "");
        text.Append(CultureInfo.InvariantCulture, $": {CardMethod.Of(artifact, facts.Gptq).Text}.\n\n");
        text.Append("| expert | timesteps | bins | 4-bit layers | kept layers | rank | size |\n|---|---|---|---|---|---|---|\n");
        foreach ((string name, ArtifactExpert expert) in artifact.Experts)
        {
            ArtifactLayer[] quantized = [.. expert.Layers.Values.Where(layer => layer.IsQuantized)];
            string ranks = string.Join(", ", quantized.Select(layer => layer.Rank).Distinct().Order());
            string bins = string.Join(", ", expert.Bins.Select(bin => $"{bin.Name} {bin.MaxTimestep}–{bin.MinTimestep}"));
            text.Append(CultureInfo.InvariantCulture,
                $"| {name} | {expert.MaxTimestep}–{expert.MinTimestep} | {bins} | {quantized.Length} | "
                    + $"{expert.Layers.Count - quantized.Length} | ");
            text.Append(CultureInfo.InvariantCulture, $"{ranks} | {ByteText.Of(expert.Files.Sum(file => file.Size))} |\n");
        }
        AddQuality(text, quality);
        text.Append(artifact.Layout == NativeLayout
            ? "\n```csharp\nusing var model = QuantBuild.ModelArtifact.Open(\"folder of this repository\"); // checks every digest\n```\n"
            : $"\nThe files have the layout `{artifact.Layout}`, for programs that read it; `quantbuild pull` fetches them and checks "
                + $"every digest.\n");
        return text.Append(End).ToString();
    }

    private static void AddQuality(StringBuilder text, ImmutableArray<LayerQuality> quality)
    {
        if (quality.IsEmpty)
            return;
        text.Append("\nRelative output error of the 4-bit layers on their calibration inputs, ‖Y − Ŷ‖ / ‖Y‖, mean over layers:\n\n");
        text.Append(QualityTable.Markdown(quality));
    }

    /// <summary>Facts that are not given again are those of the existing card: a second push must not forget the first one's.</summary>
    private static ModelCardFacts Complete(ModelCardFacts facts, string card)
    {
        string[] lines = card.StartsWith(Fence, StringComparison.Ordinal) ? card[Fence.Length..].Split("\n" + Fence)[0].Split('\n') : [];
        string? Value(string key) =>
            lines.FirstOrDefault(line =>
                line.StartsWith(key + ": ", StringComparison.Ordinal))?[(key.Length + 2)..].Trim() is { Length: > 0 } value
            ? value.StartsWith('\'') ? value.Trim('\'').Replace("''", "'", StringComparison.Ordinal) : value : null;
        return new ModelCardFacts(facts.BaseModel ?? (Value("base_model") is { } model ? RepoId.TryParse(model, out _) : null),
            facts.License ?? Value("license"), facts.Gptq);
    }

    /// <summary>
    /// A card with line feeds, its front matter at its very begin and closed by a whole line, as the Hub's own reader allows it otherwise,
    /// too.
    /// </summary>
    private static string Normal(string? card)
    {
        card = card?.ReplaceLineEndings("\n") ?? "";
        string trimmed = card.TrimStart();
        return !trimmed.StartsWith(Fence, StringComparison.Ordinal) ? card : trimmed.EndsWith('\n') ? trimmed : trimmed + "\n";
    }

    /// <summary>Keys of the front matter that are the user's, and the text below it.</summary>
    private static (string Keys, string Body) Split(string card, string[] ownKeys)
    {
        if (!card.StartsWith(Fence, StringComparison.Ordinal))
            return ("", card);
        int close = card.IndexOf("\n" + Fence, Fence.Length - 1, StringComparison.Ordinal);
        if (close < 0)
            throw Invalid("the front matter has no end");
        var kept = new StringBuilder();
        bool keeps = true;
        foreach (string line in card[Fence.Length..(close + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // A key begins in the first column; lists and nested values of a key follow it, indented or with a dash.
            if (!char.IsWhiteSpace(line[0]) && line[0] is not ('-' or '#'))
            {
                int colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon <= 0)
                    throw Invalid($"the line '{ServerText.Plain(line, 60)}' of the front matter has no key");
                keeps = !ownKeys.Contains(line[..colon].Trim());
            }
            if (keeps)
                kept.Append(line).Append('\n');
        }
        return (kept.ToString(), card[(close + 1 + Fence.Length)..]);
    }

    /// <summary>A plain YAML scalar, or a quoted one where it would mean something else.</summary>
    private static string Plain(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') ? text
        : $"'{text.Replace("'", "''", StringComparison.Ordinal).ReplaceLineEndings(" ")}'";

    private static DiagnosticException Invalid(string why) => new(Descriptors.ModelCardInvalid.At(null, why));
}
