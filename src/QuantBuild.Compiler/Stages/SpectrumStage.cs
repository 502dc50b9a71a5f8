using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Stages;

/// <summary>
/// Singular values of a built layer's weight and what its branch holds of them: no artifact needs it, <c>eval</c> asks for it.
/// </summary>
internal sealed class SpectrumStage() : LayerStage<Stored<SpectrumResult>>("Spectrum", 1,
    new StageText("layer of `eval --held-out`", "weight, scale, chosen rotation, low rank", "singular values, energy, what the branch leaves"),
    RotationOption.Fixed with { Setting = null },
    new("values", _ => WeightSpectrum.Most, Setting: null))
{
    private const ulong Seed = 0x53504543;

    /// <summary>Passes over a weight: a part in a hundred is there soon.</summary>
    private const double Passes = 6;

    /// <inheritdoc/>
    public override ComputeGroup Group => ComputeGroup.Fixed;

    /// <inheritdoc/>
    public override IEnumerable<LayerSubject> SubjectsOf(Plan plan, ExpertPlan expert, LayerPlan layer) =>
        layer.Recipe.Precision == Precision.BF16 ? [] : base.SubjectsOf(plan, expert, layer);

    /// <inheritdoc/>
    public override Stored<SpectrumResult> Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        new(outputs["spectrum"], store.ReadJson(outputs["spectrum"], SpectrumResult.FromJson));

    /// <inheritdoc/>
    protected override ResourceNeed Need(LayerSubject subject, int threads) => new(CpuNeeds.LowRank(subject.Layer.Spec with
    {
        Recipe = subject.Layer.Recipe.With(RecipeSettings.Rank, WeightSpectrum.Most)
            .With(RecipeSettings.LowRankMethod, LowRankMethod.Randomized),
    }, threads));

    /// <inheritdoc/>
    public override double Seconds(LayerSubject subject, MachineSpeed speed)
    {
        double width = LowRankStage.BasisOf(WeightSpectrum.Most), elements = (double)subject.Layer.OutFeatures * subject.Layer.InFeatures;
        return Passes * ((elements * width * speed.At(subject.Layer.OutFeatures, subject.Layer.InFeatures).LowRank)
            + (width * width * width * speed.Rotation));
    }

    /// <inheritdoc/>
    protected override IEnumerable<KeyValuePair<string, Digest>> Inputs(LayerWork work) => LayerTensors.Inputs(work, recordings: [])
        .Where(input => input.Key != "weights");

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, BlobRef> Compute(LayerWork work, LayerSubject subject)
    {
        var weight = new WeightForms(new LayerTensors(work));
        var singular = WeightSpectrum.SingularOf(weight.Smoothed(work.Threads), Seed, work.Threads, work.Context.Cancellation);
        double energy = WeightSpectrum.EnergyOf(weight.Smoothed(work.Threads));
        double rest = WeightSpectrum.EnergyOf(weight.Residual(work.Threads));
        return Outputs.Of("spectrum", work.Context.Store.StoreJson(new SpectrumResult(new(singular, energy, rest)).ToJson()));
    }

    /// <inheritdoc/>
    protected override void Accept(LayerWork work, Stored<SpectrumResult> result) => work.Spectrum = result;
}
