using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>A built artifact, opened exactly as an app would open it, from a temporary folder of links into the store.</summary>
internal sealed class QuantizedModel : IEvaluatedModel, IDisposable
{
    private readonly IReadOnlyList<BuiltExpert> _experts;
    private readonly Digest _descriptor;
    private readonly string _folder;
    private readonly ModelArtifact _artifact;
    private readonly Lazy<WanWeights>[] _weights;

    public QuantizedModel(BuildContext context, IReadOnlyList<BuiltExpert> experts, byte[] descriptor)
    {
        _experts = experts;
        _descriptor = Digest.Of(descriptor);
        _folder = context.Store.NewTemporary();
        ArtifactFolder.WriteAsync(context.Store, _folder, ArtifactDescription.FilesOf(experts), descriptor, hardLinks: true).GetAwaiter()
            .GetResult();
        _artifact = ModelArtifact.Open(_folder, verifyDigests: false);
        WeightStorage storage = CalibrationModels.StorageFor([.. experts.Select(expert => expert.Source)], context.Budget);
        _weights = [.. experts.Select(expert => new Lazy<WanWeights>(
            () => (expert.Source.Plan.Name == ExpertNames.HighNoise ? _artifact.HighNoise : _artifact.LowNoise).LoadWeights(storage)))];
    }

    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, Digest>> Inputs => _experts
        .SelectMany(expert => expert.Files.Select(file => KeyValuePair.Create($"{expert.Source.Plan.Name}/{file.Key}", file.Value.Digest)))
        .Append(KeyValuePair.Create("descriptor", _descriptor));

    /// <inheritdoc/>
    public WanWeights Weights(int expert) => _weights[expert].Value;

    /// <inheritdoc/>
    public void Dispose()
    {
        _artifact.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
