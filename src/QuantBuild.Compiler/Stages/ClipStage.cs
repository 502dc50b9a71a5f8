using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Stages;

/// <summary>Search for the clip ratio of a layer in one bin: eq. (10).</summary>
internal sealed class ClipStage() : LayerStage<Stored<ClipChoice>>("Clip", 2,
    new StageText("layer and bin", "weight, scale, low rank, codes, recordings", "choice and the error of every candidate"),
    new("granularity", subject => subject.Layer.Recipe.Activations.Granularity.ToString()),
    new("ratios", subject => new JsonArray([.. RatiosOf(subject).Select(ratio => (JsonNode)ratio)]), "ratios", PerAction: true),
    new("offsets", subject => new JsonArray([.. subject.Layer.Recipe.Activations.ExponentOffsets.Select(offset => (JsonNode)offset)]),
        "offsets", PerAction: true),
    new("ties", subject => subject.Layer.Recipe.Activations.Ties.ToString(), Setting: null),
    new("objective", subject => subject.Layer.Recipe.Activations.Objective.ToString()),
    new("steps", subject => StepsOf(subject.Bin!), "steps", PerAction: true))
{
    /// <summary>What the first candidate of a search costs, in others.</summary>
    private const double FirstCandidate = 8;

    /// <summary>Name of an action.</summary>
    public static string NameOf(LayerPlan layer, TimestepBin bin) => $"{layer.Name}/{bin.Name}";

    /// <summary>Steps of a bin as part of a key. The bin's name is not: renaming one changes nothing.</summary>
    public static JsonArray StepsOf(TimestepBin bin) => [.. bin.Steps.Select(step => (JsonNode)step)];

    /// <inheritdoc/>
    public override string NameOf(LayerSubject subject) => NameOf(subject.Layer, subject.Bin!);

    /// <inheritdoc/>
    public override IEnumerable<LayerSubject> SubjectsOf(Plan plan, ExpertPlan expert, LayerPlan layer) =>
        layer.Recipe.Precision == Precision.W4A4 ? expert.Bins.Select(bin => new LayerSubject(plan, expert, layer, bin)) : [];

    /// <inheritdoc/>
    public override Stored<ClipChoice> Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs) =>
        new(outputs["choice"], store.ReadJson(outputs["choice"], ClipChoice.FromJson));

    /// <inheritdoc/>
    public override long Bytes(LayerSubject subject, int threads)
    {
        (LayerPlan layer, ActivationRecipe recipe) = (subject.Layer, subject.Layer.Recipe.Activations);
        long candidates = RatiosOf(subject).Length * (long)recipe.ExponentOffsets.Length;
        long rows = (long)Math.Min(ClipSearch.TokensAtOnce, subject.Bin!.Steps.Length * subject.TokensPerStep);
        // A portion as float32 and, for every candidate, its changed blocks: bytes, and a scale, a correction and a token's index per
        // block.
        long portion = rows * layer.InFeatures * 4 + (rows * layer.InFeatures * (candidates + 1) * 3 / 2);
        long outputs = rows * layer.OutFeatures * 4;
        // What the first candidate's rounding takes away, and a panel of the weight.
        long differences = recipe.Objective == ClipObjective.Activation ? (rows + 512) * layer.InFeatures * 4 : 0;
        return differences + WorkingSets.Weight(layer) + WorkingSets.Packed(layer) + WorkingSets.Panels(layer.OutFeatures, layer.InFeatures)
            + portion + outputs + WorkingSets.ProductPanels(threads);
    }

    /// <inheritdoc/>
    public override double Seconds(LayerSubject subject, MachineSpeed speed)
    {
        OperationSeconds cost = speed.At(subject.Layer.OutFeatures, subject.Layer.InFeatures);
        return (double)subject.Layer.OutFeatures * subject.Layer.InFeatures * Candidates(subject)
            * ((subject.Bin!.Steps.Length * subject.TokensPerStep * cost.Clip) + cost.ClipWeight);
    }

    /// <inheritdoc/>
    protected override IReadOnlyDictionary<string, BlobRef> Compute(LayerWork work, LayerSubject subject)
    {
        ClipResult result = Search(work, subject.Bin!, subject.Layer.Recipe.Activations with { ClipRatios = RatiosOf(subject) });
        var choice = new ClipChoice(result.Best.Ratio, result.Best.ExponentOffset, result.Threshold,
            [.. result.Candidates.Select(candidate =>
                new ClipChoice.Candidate(candidate.Ratio, candidate.ExponentOffset, candidate.Error))]);
        return Outputs.Of("choice", work.Context.Store.StoreJson(choice.ToJson()));
    }

    /// <inheritdoc/>
    protected override void Accept(LayerWork work, Stored<ClipChoice> result) => work.Clips.Add(result);

    private static ImmutableArray<double> RatiosOf(LayerSubject subject) =>
        subject.Bin!.ClipRatios ?? subject.Layer.Recipe.Activations.ClipRatios;

    /// <summary>
    /// Work of a search as a part of one with the usual candidates: the first costs a product, others only what they change.
    /// </summary>
    private static double Candidates(LayerSubject subject)
    {
        ActivationRecipe usual = LayerRecipe.Default.Activations;
        return (FirstCandidate + (RatiosOf(subject).Length * subject.Layer.Recipe.Activations.ExponentOffsets.Length))
            / (FirstCandidate + (usual.ClipRatios.Length * usual.ExponentOffsets.Length));
    }

    private static ClipResult Search(LayerWork work, TimestepBin bin, ActivationRecipe recipe)
    {
        // Only a static threshold depends on the largest magnitude, and with it on all tokens.
        float magnitude = 0;
        if (recipe.Granularity == ClipGranularity.Bin)
        {
            foreach (Memory<float> portion in Tokens())
                magnitude = Math.Max(magnitude, ClipSearch.Magnitude(Matrix(portion), work.Threads));
        }
        var search = new ClipSearch(work.Tensors.Packed, recipe, magnitude, work.Threads, work.Context.Cancellation);
        foreach (Memory<float> portion in Tokens())
            search.Add(Matrix(portion), work.Tensors.Residual);
        return search.Finish();

        // The bin's tokens after smoothing, from the store every time: however many there are, few are in memory.
        IEnumerable<Memory<float>> Tokens()
        {
            foreach (Memory<float> portion in work.Activations.Portions(bin.Steps, ClipSearch.TokensAtOnce))
            {
                work.Context.Cancellation.ThrowIfCancellationRequested();
                MatrixView tokens = Matrix(portion);
                if (work.Tensors.Scale.Length > 0)
                    Smoothing.ApplyToActivation(tokens, work.Tensors.Scale, tokens, work.Threads);
                yield return portion;
            }
        }

        MatrixView Matrix(Memory<float> portion) => new(portion.Span, portion.Length / work.Layer.InFeatures, work.Layer.InFeatures);
    }
}
