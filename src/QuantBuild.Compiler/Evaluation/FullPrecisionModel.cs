using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>The source checkpoint.</summary>
internal sealed class FullPrecisionModel(IReadOnlyList<ExpertSource> sources, BuildContext context) : IEvaluatedModel, IDisposable
{
    private readonly CalibrationModels _models = new(context.Plan.Backends.Model, sources, context.Budget, context.Cancellation);

    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, Digest>> Inputs =>
        sources.Select(source => KeyValuePair.Create("expert." + source.Plan.Name, source.Model));

    /// <inheritdoc/>
    public IDenoiser Open(int expert) => _models.Open(expert);

    /// <inheritdoc/>
    public void Dispose() => _models.Dispose();
}
