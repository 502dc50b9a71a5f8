using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>A built artifact, opened exactly as an app would open it, from a temporary folder of links into the store.</summary>
internal sealed class QuantizedModel : IEvaluatedModel, IDisposable
{
    private readonly IReadOnlyList<BuiltExpert> _experts;
    private readonly Digest _descriptor;
    private readonly string _folder;
    private readonly ModelArtifact _artifact;
    private readonly SharedExperts _opened;

    public QuantizedModel(BuildContext context, IReadOnlyList<BuiltExpert> experts, byte[] descriptor)
    {
        _experts = experts;
        _descriptor = Digest.Of(descriptor);
        _folder = context.Local.NewTemporary();
        IReadOnlyList<PackedFile> files = ArtifactDescription.FilesOf(experts);
        context.Store.Bring(files.Select(file => file.Content.Digest));
        ArtifactFolder.WriteAsync(context.Local, _folder, files, descriptor, hardLinks: true).GetAwaiter()
            .GetResult();
        _artifact = ModelArtifact.Open(_folder, verifyDigests: false);
        ModelPlacement placement = CalibrationModels.PlacementOf(context.Plan.Backends.Model, [.. experts.Select(expert => expert.Source)],
            context.Budget);
        _opened = new SharedExperts([.. experts.Select<BuiltExpert, Func<IDenoiser>>(expert => () =>
            context.Plan.Backends.Model.Models.Open(
                expert.Source.Plan.Name == ExpertNames.HighNoise ? _artifact.HighNoise : _artifact.LowNoise, placement.Storage))],
            placement.OneAtATime, context.Cancellation);
    }

    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, Digest>> Inputs => _experts
        .SelectMany(expert => expert.Files.Select(file => KeyValuePair.Create($"{expert.Source.Plan.Name}/{file.Key}", file.Value.Digest)))
        .Append(KeyValuePair.Create("descriptor", _descriptor));

    /// <inheritdoc/>
    public IDenoiser Open(int expert) => _opened.Open(expert);

    /// <inheritdoc/>
    public void Dispose()
    {
        _opened.Dispose();
        _artifact.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
