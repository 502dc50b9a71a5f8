using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Quantizers;

namespace QuantBuild.BackendTests;

/// <summary>A made-up layer: weight and tokens are bfloat16 values, as they are in checkpoints and recordings.</summary>
internal sealed class LayerCase : ILayerData
{
    public const int Steps = 3;

    private readonly RecordedSteps _tokens;

    /// <summary>A layer of random values, whose earlier steps were done by the processor.</summary>
    /// <param name="outputs">Output channels.</param>
    /// <param name="channels">Input channels.</param>
    /// <param name="recipe">Its recipe.</param>
    /// <param name="tokensPerStep">Tokens of each of three steps.</param>
    /// <param name="change">Changes weight and tokens, [step][tokens, channels], before anything is made of them.</param>
    public LayerCase(int outputs, int channels, LayerRecipe recipe, int tokensPerStep = 37, Action<float[], float[][]>? change = null)
    {
        float[] weight = Rounded(RandomData.Normal(outputs + channels, outputs * channels, 0.05));
        float[][] tokens =
            [.. Enumerable.Range(0, Steps).Select(step => Rounded(RandomData.Tokens(100 + (3 * step), tokensPerStep, channels)))];
        Scale = recipe.Smooth.Enabled ? [.. RandomData.Normal(7, channels).Select(value => MathF.Abs(value) + 0.5f)] : [];
        Layer = new LayerSpec("blocks.0.test", outputs, channels, recipe);
        // Made of the values as they are without the change, which may be such that nothing can be made of them.
        Weight = weight;
        if (recipe.LowRank.Rank > 0)
            Branch = LowRankSplit.Of(RandomData.Matrix(LayerReference.Smoothed(this), channels), recipe.LowRank, seed: 1);
        Packed = RoundToNearest.Quantize(RandomData.Matrix(LayerReference.Residual(this), channels), recipe.Activations.Ties).Weight;
        change?.Invoke(weight, tokens);
        _tokens = new RecordedSteps(tokens, channels);
        Weights = new OneTensor(Layer.WeightName, [outputs, channels], weight);
    }

    /// <summary>A layer of given values with one step.</summary>
    public LayerCase(LayerSpec layer, float[] weight, float[] scale, float[] tokens, LowRankBranch? branch, PackedWeight packed)
    {
        (Layer, Weight, Scale, Branch, Packed) = (layer, weight, scale, branch, packed);
        _tokens = new RecordedSteps([tokens], layer.InFeatures);
        Weights = new OneTensor(layer.WeightName, [layer.OutFeatures, layer.InFeatures], weight);
    }

    public LayerSpec Layer { get; }

    public float[] Weight { get; }

    public float[] Scale { get; }

    public Rotation Rotation { get; init; }

    public LowRankBranch? Branch { get; }

    public PackedWeight Packed { get; }

    public ITensorSource Weights { get; }

    public IRecordedTokens Tokens => _tokens;

    /// <summary>Called before a portion of tokens is handed out.</summary>
    public Action? Reading { set => _tokens.Reading = value; }

    /// <summary>The tokens of some steps, [tokens, in].</summary>
    public float[] TokensOf(IEnumerable<int> steps) => [.. steps.SelectMany(step => _tokens.Values[step])];

    private static float[] Rounded(float[] values) => [.. values.Select(BFloat16.Round)];
}
