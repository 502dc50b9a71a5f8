using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>The list <c>model.loras</c>.</summary>
/// <param name="file">Absolute path of the manifest.</param>
/// <param name="values">Receives what is wrong.</param>
internal sealed class LoraBinder(string file, ValueBinder values)
{
    private static readonly Interval Strengths = new(-100, 100);

    /// <summary>The files, in order.</summary>
    public ImmutableArray<LoraSection> Bind(ObjectBinder model)
    {
        string path = model.PathOf("loras");
        if (values.As<ManifestArray>(model.Find("loras"), path, "a list") is not { } list)
            return [];
        return [.. list.Items.Select((item, i) => Lora(item, FormattableString.Invariant($"{path}[{i}]"))).OfType<LoraSection>()];
    }

    private LoraSection? Lora(ManifestNode item, string path)
    {
        if (values.Object(item, path, ManifestKeys.Lora) is not { } lora)
            return null;
        ManifestNode? node = lora.Require("file");
        double strength = lora.Number("strength", Strengths) ?? 1;
        if (strength == 0)
            values.Report(Descriptors.OutOfRange, lora.SpanOf("strength"), lora.PathOf("strength"), "0",
                "other than 0, which would change nothing");
        ImmutableArray<string> experts = OverrideBinder.Experts(lora);
        if (node is ManifestText text && text.Value.StartsWith(HubReference.Scheme, StringComparison.Ordinal))
        {
            return Remote(text, lora.PathOf("file")) is { } remote
                ? new LoraSection(text.Value, strength, experts, text.Span) { Remote = remote }
                : null;
        }
        return PathBinder.Absolute(node, lora.PathOf("file"), file, values) is { } absolute
            ? new LoraSection(absolute, strength, experts, lora.SpanOf("file"))
            : null;
    }

    private RemoteLora? Remote(ManifestText text, string path)
    {
        string fault = "a file of the Hub is written hf://owner/name@revision/file.safetensors";
        try
        {
            if (RemoteLora.Parse(text.Value) is { } remote)
                return remote;
        }
        catch (DiagnosticException failure)
        {
            fault += $": {failure.Diagnostics[0].Arguments[1]}";
        }
        values.Report(Descriptors.InvalidText, text.Span, path, text.Value, fault);
        return null;
    }
}
