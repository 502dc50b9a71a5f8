using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Manifests;

/// <summary>
/// The table of a recipe's settings. A new setting is an entry here; whoever uses it asks <see cref="LayerRecipe.Get"/>, and a stage whose
/// result depends on it names it among its options.
/// </summary>
/// <remarks>
/// Names in keys, and the spelling of values, must not change: stores and committed locks have them. A setting's place in the table is of
/// no importance but for the order in the manual.
/// </remarks>
internal static class RecipeSettings
{
    /// <summary>Range of clip ratios, here and in bins.</summary>
    internal static readonly Interval ClipRatio = new(0, 1, AboveMin: true);

    private static readonly Interval Unit = new(0, 1);
    private static readonly ImmutableArray<RecipeSetting>.Builder Declared = ImmutableArray.CreateBuilder<RecipeSetting>();

    /// <summary>How a layer is stored and computed.</summary>
    public static RecipeSetting<Precision> Precision { get; } = Declare(
        new RecipeSetting<Precision>(Declared.Count, "", "precision", new ChoiceKind<Precision>(RecipeNames.Precision),
            Manifests.Precision.W4A4)
        {
            KeyName = "precision",
            Meaning = "4-bit weights and activations; 4-bit weights only; the source tensor bit for bit. 4-bit layers need a multiple of "
                + "32 input channels",
            Redone = "the layer",
            IsUsedBy = _ => true,
        });

    /// <summary>Smoothing on or off, eq. (5).</summary>
    public static RecipeSetting<bool> SmoothEnabled { get; } = Declare(
        new RecipeSetting<bool>(Declared.Count, "smooth", "enabled", new FlagKind(), fallback: true)
        {
            KeyName = "smooth",
            Meaning = "whether layers are smoothed",
            Redone = "from Smooth",
            IsShorthand = true,
        });

    /// <summary>Smoothing exponent, eq. (5).</summary>
    public static RecipeSetting<double> Alpha { get; } = Declare(
        new RecipeSetting<double>(Declared.Count, "smooth", "alpha", new NumberKind(Unit), fallback: 0.5)
        {
            KeyName = "alpha",
            Meaning = "share of the range that moves: 0 leaves activations as they are, 1 flattens them",
            Redone = "from Smooth",
            IsUsedBy = IsSmoothed,
        });

    /// <summary>Who shares a smoothing vector.</summary>
    public static RecipeSetting<SmoothShare> Share { get; } = Declare(
        new RecipeSetting<SmoothShare>(Declared.Count, "smooth", "share", new ChoiceKind<SmoothShare>(RecipeNames.Share), SmoothShare.Auto)
        {
            KeyName = "share",
            Meaning = "`site`: layers that read one activation (q, k and v) share a vector, as fused runtimes need, and must agree on "
                + "these settings; `layer`: each has its own, as in the paper's code; `auto`: shared where that costs none of the layers "
                + "more than 1 % of the error measured on calibration tokens. Layers kept at bf16 do not count",
            Redone = "from Smooth",
            IsUsedBy = IsSmoothed,
        });

    /// <summary>Whether the smoothed input is rotated.</summary>
    public static RecipeSetting<RotationMode> Rotation { get; } = Declare(
        new RecipeSetting<RotationMode>(Declared.Count, "", "rotation", new ChoiceKind<RotationMode>(RecipeNames.Rotation),
            RotationMode.Auto)
        {
            KeyName = "rotation",
            Meaning = "the Hadamard transform of every block of 32 channels of the smoothed input, which spreads outliers over their "
                + "block; the weight is made to match. `auto`: where it takes at least 1 % off the error measured on calibration tokens, "
                + "and the layout can hold it; `none`; `hadamard32`: always",
            Redone = "from Rotate",
            IsUsedBy = QuantizesActivations,
        });

    /// <summary>Rank of the low-rank branch, eq. (6).</summary>
    public static RecipeSetting<int> Rank { get; } = Declare(
        new RecipeSetting<int>(Declared.Count, "lowRank", "rank", new RankKind(16384), fallback: 16)
        {
            KeyName = "rank",
            Meaning = "its rank, at most the shorter side of a weight; 0 leaves the branch out; `auto`: ranks of all layers that say so "
                + "are "
                + "chosen together, by measured errors, so that their tensors fit into `budget`",
            Redone = "from Rotate",
        });

    /// <summary>Bytes of layers whose ranks are chosen.</summary>
    public static RecipeSetting<long> Budget { get; } = Declare(
        new RecipeSetting<long>(Declared.Count, "lowRank", "budget", new BytesKind(1L << 50), fallback: 0)
        {
            KeyName = null,
            Meaning = "with `\"rank\": \"auto\"`: most bytes of the tensors of the layers that have this budget, both experts together; 0: "
                + "what rank 16 would take",
            Redone = "from Rotate",
            IsUsedBy = recipe => IsQuantized(recipe) && recipe.Get(Rank) == RankKind.Auto,
        });

    /// <summary>How the low-rank branch is found.</summary>
    public static RecipeSetting<LowRankMethod> LowRankMethod { get; } = Declare(
        new RecipeSetting<LowRankMethod>(Declared.Count, "lowRank", "method", new ChoiceKind<LowRankMethod>(RecipeNames.LowRankMethod),
            Manifests.LowRankMethod.Randomized)
        {
            KeyName = "lowRank",
            Meaning = "`randomized`: seeded subspace iteration; `exact`: the full decomposition",
            Redone = "from Rotate",
            IsUsedBy = HasBranch,
        });

    /// <summary>Accuracy of the low-rank branch. Below the range float32 products no longer tell two approximations apart.</summary>
    public static RecipeSetting<double> LowRankAccuracy { get; } = Declare(
        new RecipeSetting<double>(Declared.Count, "lowRank", "accuracy", new NumberKind(new Interval(1e-5, 1)),
            LowRankRecipe.DefaultAccuracy)
        {
            KeyName = "accuracy",
            Meaning = "randomized only: how far the norm of the residual may lie above the smallest possible, as a part of it; checked on "
                + "every layer, recorded, and a warning (QB3210) where 40 passes do not reach it",
            Redone = "from LowRank",
            IsUsedBy = recipe => HasBranch(recipe) && recipe.Get(LowRankMethod) == Manifests.LowRankMethod.Randomized,
        });

    /// <summary>How residual weights are rounded.</summary>
    public static RecipeSetting<WeightMethod> WeightMethod { get; } = Declare(
        new RecipeSetting<WeightMethod>(Declared.Count, "weights", "method", new ChoiceKind<WeightMethod>(RecipeNames.WeightMethod),
            Manifests.WeightMethod.Refit)
        {
            KeyName = "weights",
            Meaning = "`refit`: low-rank branch and weights in turns, under the noise of the rounded input; `gptq`: the branch of eq. (6), "
                + "and rounding errors fed back through the Hessian; `rtn`: that branch, and round to nearest",
            Redone = "from Gptq",
        });

    /// <summary>Damping of GPTQ's Hessian.</summary>
    public static RecipeSetting<double> Damp { get; } = Declare(
        new RecipeSetting<double>(Declared.Count, "weights", "damp", new NumberKind(Unit), fallback: 0.01)
        {
            KeyName = "damp",
            Meaning = "damping of the Hessian's diagonal, as a fraction of its mean; where it does not suffice, a warning says which was "
                + "used",
            Redone = "from Gptq",
            IsUsedBy = UsesHessian,
        });

    /// <summary>Columns per lazy update of GPTQ.</summary>
    public static RecipeSetting<int> BlockSize { get; } = Declare(
        new RecipeSetting<int>(Declared.Count, "weights", "blockSize", new IntegerKind(32, 4096, IsPowerOfTwo: true), fallback: 512)
        {
            KeyName = null,
            Meaning = "columns per lazy update: a matter of speed, on which no bit of the result depends",
            Redone = "nothing",
            IsUsedBy = UsesHessian,
        });

    /// <summary>The order in which channels are rounded.</summary>
    public static RecipeSetting<WeightOrder> Order { get; } = Declare(
        new RecipeSetting<WeightOrder>(Declared.Count, "weights", "order", new ChoiceKind<WeightOrder>(RecipeNames.Order),
            WeightOrder.Activation)
        {
            KeyName = "order",
            Meaning = "in which order channels are rounded: `activation`, by falling diagonal of the Hessian; `channel`, as they lie. The "
                + "artifact is the same in form",
            Redone = "from Gptq",
            IsUsedBy = UsesHessian,
        });

    /// <summary>How exponents of weight blocks are chosen.</summary>
    public static RecipeSetting<BlockExponents> Exponents { get; } = Declare(
        new RecipeSetting<BlockExponents>(Declared.Count, "weights", "exponents", new ChoiceKind<BlockExponents>(RecipeNames.Exponents),
            BlockExponents.Error)
        {
            KeyName = "exponents",
            Meaning = "the exponent of a block of weights: `error`, the floor rule's, one more or one less, whichever leaves the least "
                + "error "
                + "under the Hessian's diagonal; `floor`",
            Redone = "from Gptq",
            IsUsedBy = UsesHessian,
        });

    /// <summary>Most rounds of a refit.</summary>
    public static RecipeSetting<int> Rounds { get; } = Declare(
        new RecipeSetting<int>(Declared.Count, "weights", "rounds", new IntegerKind(0, 64), fallback: 6)
        {
            KeyName = "rounds",
            Meaning = "refit only: most rounds of branch and weights after the first rounding",
            Redone = "from Gptq",
            IsUsedBy = Refits,
        });

    /// <summary>What a round must gain.</summary>
    public static RecipeSetting<double> LeastGain { get; } = Declare(
        new RecipeSetting<double>(Declared.Count, "weights", "leastGain", new NumberKind(Unit), fallback: 0.0005)
        {
            KeyName = "leastGain",
            Meaning = "refit only: part of the loss that a round must take off, or it is the last",
            Redone = "from Gptq",
            IsUsedBy = Refits,
        });

    /// <summary>What weights are told of the rounding of the input.</summary>
    public static RecipeSetting<NoiseModel> Noise { get; } = Declare(
        new RecipeSetting<NoiseModel>(Declared.Count, "weights", "noise", new ChoiceKind<NoiseModel>(RecipeNames.Noise),
            NoiseModel.Modelled)
        {
            KeyName = "noise",
            Meaning = "refit only: `modelled`, weights are filtered for the noise of a rounded input; `ignored`",
            Redone = "from Gptq",
            IsUsedBy = recipe => Refits(recipe) && QuantizesActivations(recipe),
        });

    /// <summary>The ridge of a refit.</summary>
    public static RecipeSetting<double> Ridge { get; } = Declare(
        new RecipeSetting<double>(Declared.Count, "weights", "ridge", new NumberKind(new Interval(0, 1e4)), fallback: 0)
        {
            KeyName = "ridge",
            Meaning = "refit with modelled noise: what is added to the second moments of the input, in units of the mean noise; 0 chooses "
                + "for every layer, by the error on calibration tokens that were left out",
            Redone = "from Gptq",
            IsUsedBy = recipe => Refits(recipe) && QuantizesActivations(recipe) && recipe.Get(Noise) == NoiseModel.Modelled,
        });

    /// <summary>What a clip ratio applies to, eq. (8).</summary>
    public static RecipeSetting<ClipGranularity> Granularity { get; } = Declare(
        new RecipeSetting<ClipGranularity>(Declared.Count, "activations", "granularity",
            new ChoiceKind<ClipGranularity>(RecipeNames.Granularity), ClipGranularity.Block)
        {
            KeyName = "granularity",
            Meaning = "`block`: the ratio scales each 32-block's own maximum, as in the paper's code; `bin`: a static threshold per layer "
                + "and bin clips the input first, as the paper writes",
            Redone = "from Smooth",
            IsUsedBy = QuantizesActivations,
        });

    /// <summary>Candidate clip ratios, eq. (10).</summary>
    public static RecipeSetting<ImmutableArray<double>> ClipRatios { get; } = Declare(
        new RecipeSetting<ImmutableArray<double>>(Declared.Count, "activations", "clipRatios", new NumbersKind(ClipRatio),
            [0.6, 0.7, 0.8, 0.9, 1.0])
        {
            KeyName = "clipRatios",
            Meaning = "candidate ratios",
            Redone = "from Smooth",
            IsUsedBy = QuantizesActivations,
        });

    /// <summary>Candidate offsets of a block's exponent.</summary>
    public static RecipeSetting<ImmutableArray<int>> ExponentOffsets { get; } = Declare(
        new RecipeSetting<ImmutableArray<int>>(Declared.Count, "activations", "exponentOffsets", new IntegersKind(-8, 8), [0])
        {
            KeyName = "exponentOffsets",
            Meaning = "candidate offsets of a block's exponent; `[0]` searches ratios only",
            Redone = "from Smooth",
            IsUsedBy = QuantizesActivations,
        });

    /// <summary>How exact midpoints round.</summary>
    public static RecipeSetting<TieRule> Ties { get; } = Declare(
        new RecipeSetting<TieRule>(Declared.Count, "activations", "ties", new ChoiceKind<TieRule>(RecipeNames.Ties), TieRule.Even)
        {
            KeyName = "ties",
            Meaning = "how exact midpoints round, of activations and of weights: `even`, as OCP hardware does; `zero`, as the paper's code "
                + "does",
            Redone = "from Smooth",
        });

    /// <summary>What the clip search minimizes.</summary>
    public static RecipeSetting<ClipObjective> Objective { get; } = Declare(
        new RecipeSetting<ClipObjective>(Declared.Count, "activations", "objective",
            new ChoiceKind<ClipObjective>(RecipeNames.Objective), ClipObjective.Output)
        {
            KeyName = "objective",
            Meaning = "what the search minimizes. `output`: the distance to the full-precision layer's output, eq. (10); `activation`: "
                + "that "
                + "to the quantized layer's output on unquantized activations, as in the paper's code",
            Redone = "from Clip",
            IsUsedBy = QuantizesActivations,
        });

    /// <summary>All of them, in the order of the manual.</summary>
    public static ImmutableArray<RecipeSetting> All { get; } = Declared.ToImmutable();

    /// <summary>The keys of a recipe: a setting's own, or its section's.</summary>
    internal static ImmutableArray<string> Sections { get; } =
        [.. All.Select(setting => setting.Section.Length == 0 ? setting.Key : setting.Section).Distinct()];

    /// <summary>The settings of a section.</summary>
    internal static ImmutableArray<RecipeSetting> In(string section) => [.. All.Where(setting => setting.Section == section)];

    private static RecipeSetting<T> Declare<T>(RecipeSetting<T> setting) where T : struct
    {
        Declared.Add(setting);
        return setting;
    }

    private static bool IsQuantized(LayerRecipe recipe) => recipe.Precision != Manifests.Precision.BF16;

    private static bool IsSmoothed(LayerRecipe recipe) => IsQuantized(recipe) && recipe.Get(SmoothEnabled);

    private static bool HasBranch(LayerRecipe recipe) => IsQuantized(recipe) && recipe.Get(Rank) != 0;

    private static bool UsesHessian(LayerRecipe recipe) =>
        IsQuantized(recipe) && recipe.Get(WeightMethod) != Manifests.WeightMethod.Rtn;

    private static bool Refits(LayerRecipe recipe) =>
        IsQuantized(recipe) && recipe.Get(WeightMethod) == Manifests.WeightMethod.Refit;

    private static bool QuantizesActivations(LayerRecipe recipe) => recipe.Precision == Manifests.Precision.W4A4;
}
