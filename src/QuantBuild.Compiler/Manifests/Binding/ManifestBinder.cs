using System.Collections.Immutable;
using System.Text.RegularExpressions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>Binds the tree of a manifest to its records, section by section.</summary>
/// <param name="file">Absolute path of the manifest.</param>
/// <param name="values">Receives what is wrong.</param>
internal sealed partial class ManifestBinder(string file, ValueBinder values)
{
    private const long MinShard = 1 << 16;
    private const long MaxShard = 1L << 50;

    private static readonly NamedValues<int> Architectures =
        new([.. WanArchitecture.All.Select((architecture, index) => (architecture.Name, index))]);

    private static readonly NamedValues<int> Formats = new(("mxfp4", 0));

    /// <summary>The manifest; when anything was reported it is incomplete and must not be used.</summary>
    public QuantManifest? Bind(ManifestNode root)
    {
        if (values.Object(root, "", ManifestKeys.Manifest) is not { } manifest)
            return null;
        manifest.Text("$schema");
        string name = Name(manifest);
        ModelSection model = Model(manifest);
        CalibrationSection calibration = new CalibrationBinder(file, model.Architecture, values).Bind(manifest);
        if (calibration.BoundaryTimestep is { } boundary)
            model = WithBoundary(manifest, model, boundary);
        ImmutableArray<ExpertSection> experts = new ExpertBinder(values, model.BoundaryTimestep).Bind(manifest);
        RecipePatch quantize = Quantize(manifest);
        return new QuantManifest
        {
            Path = file,
            Name = name,
            Model = model,
            Experts = experts,
            Calibration = calibration,
            Quantize = quantize.ApplyTo(LayerRecipe.Default),
            QuantizePatch = quantize,
            Overrides = OverrideBinder.Bind(manifest),
            Compute = ComputeBinder.Bind(manifest),
            Gates = new GateBinder(experts).Bind(manifest),
            Output = Output(manifest),
        };
    }

    private string Name(ObjectBinder manifest)
    {
        string name = manifest.Text("name") ?? QuantManifest.NameFrom(file);
        if (!FileName().IsMatch(name))
        {
            values.Report(Descriptors.InvalidText, manifest.SpanOf("name"), "name", name,
                "it names files, so letters, digits, '.', '_' and '-' make it, with a letter, digit or '_' at both ends");
        }
        return name;
    }

    private ModelSection Model(ObjectBinder manifest)
    {
        ObjectBinder? model = values.Object(manifest.Require("model"), "model", ManifestKeys.Model);
        WanArchitecture architecture = WanArchitecture.All[model?.Choice("architecture", Architectures) ?? 0];
        ManifestNode? node = model?.Require("source");
        var remote = node as ManifestText;
        remote = remote?.Value.StartsWith(HubReference.Scheme, StringComparison.Ordinal) == true ? remote : null;
        HubReference? repository = remote is null ? null : Repository(remote);
        string? source = remote is null ? PathBinder.Absolute(node, "model.source", file, values) : repository?.ToString();
        return new ModelSection(architecture, source ?? "", model?.Number("boundary", new Interval(0.001, 0.999)) ?? architecture.Boundary,
            model?.SpanOf("source") ?? manifest.Span, repository)
        {
            ArchitectureSpan = model?.SpanOf("architecture") ?? manifest.Span,
            Loras = model is null ? [] : new LoraBinder(file, values).Bind(model),
        };
    }

    private ModelSection WithBoundary(ObjectBinder manifest, ModelSection model, int timestep)
    {
        if (manifest.Find("model") is ManifestObject { Members: var members }
            && members.FirstOrDefault(member => member.Name == "boundary") is { } given)
            values.Report(Descriptors.BoundaryTwice, given.NameSpan);
        return model with { Boundary = timestep / (double)ModelSection.MaxTimestep };
    }

    private HubReference? Repository(ManifestText text)
    {
        try
        {
            return HubReference.Parse(text.Value);
        }
        catch (DiagnosticException failure)
        {
            values.Report(Descriptors.InvalidText, text.Span, "model.source", text.Value,
                $"a repository is written hf://owner/name@revision: {failure.Diagnostics[0].Arguments[1]}");
            return null;
        }
    }

    private static RecipePatch Quantize(ObjectBinder manifest)
    {
        if (manifest.Object("quantize", ManifestKeys.Quantize) is not { } quantize)
            return RecipePatch.Empty;
        quantize.Choice("format", Formats);
        return RecipeBinder.Bind(quantize, quantize.Object("weights", ManifestKeys.Weights));
    }

    private OutputSection Output(ObjectBinder manifest)
    {
        const long DefaultShard = 4L << 30;
        ObjectBinder? output = manifest.Object("output", ManifestKeys.Output);
        return new OutputSection(output?.Choice("layout", RecipeNames.Layout) ?? OutputLayout.Native,
            output?.Bytes("shardSize", MinShard, MaxShard, "between 64KiB and 1024TiB") ?? DefaultShard,
            output?.Choice("keptDtype", RecipeNames.KeptDtype)?.Item1, output?.SpanOf("layout") ?? manifest.Span, Place("shardSize"),
                Place("keptDtype"))
        {
            From = output is null ? null : From(output),
            FromSpan = Place("from"),
        };

        SourceSpan? Place(string key) => output?.Find(key)?.Span;
    }

    private HubReference? From(ObjectBinder output)
    {
        if (output.Text("from") is not { } text)
            return null;
        try
        {
            return HubReference.Parse(text);
        }
        catch (DiagnosticException invalid)
        {
            values.Report(Descriptors.InvalidText, output.SpanOf("from"), output.PathOf("from"), text,
                $"it must name a repository: {invalid.Diagnostics[0].Arguments[1]}");
            return null;
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_]([A-Za-z0-9._-]{0,98}[A-Za-z0-9_])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex FileName();
}
