using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace QuantBuild.Compiler.Manifests;

/// <summary>Everything that decides how one layer is quantized: a value for each of <see cref="RecipeSettings"/>.</summary>
internal sealed class LayerRecipe : IEquatable<LayerRecipe>
{
    private readonly ImmutableArray<object> _values;

    private LayerRecipe(ImmutableArray<object> values) => _values = values;

    /// <summary>What a manifest that says nothing gets: the paper's settings, with ties rounded as hardware does.</summary>
    public static LayerRecipe Default { get; } = new([.. RecipeSettings.All.Select(setting => setting.Fallback)]);

    /// <summary>How it is stored and computed.</summary>
    public Precision Precision => Get(RecipeSettings.Precision);

    /// <summary>Smoothing, eq. (5).</summary>
    public SmoothRecipe Smooth => new(Get(RecipeSettings.SmoothEnabled), Get(RecipeSettings.Alpha), Get(RecipeSettings.Share));

    /// <summary>Low-rank branch, eq. (6).</summary>
    public LowRankRecipe LowRank =>
        new(Get(RecipeSettings.Rank), Get(RecipeSettings.LowRankMethod), Get(RecipeSettings.LowRankAccuracy));

    /// <summary>Rounding of the residual weights.</summary>
    public WeightRecipe Weights => new(Get(RecipeSettings.WeightMethod), Get(RecipeSettings.Damp), Get(RecipeSettings.BlockSize))
    {
        Order = Get(RecipeSettings.Order),
        Exponents = Get(RecipeSettings.Exponents),
        Rounds = Get(RecipeSettings.Rounds),
        LeastGain = Get(RecipeSettings.LeastGain),
        Noise = Get(RecipeSettings.Noise),
        Ridge = Get(RecipeSettings.Ridge),
    };

    /// <summary>Whether the smoothed input is rotated.</summary>
    public RotationMode Rotation => Get(RecipeSettings.Rotation);

    /// <summary>Quantization of activations, eq. (8) to (10).</summary>
    public ActivationRecipe Activations => new(Get(RecipeSettings.Granularity), Get(RecipeSettings.ClipRatios),
        Get(RecipeSettings.ExponentOffsets), Get(RecipeSettings.Ties), Get(RecipeSettings.Objective));

    /// <summary>The value of a setting.</summary>
    public T Get<T>(RecipeSetting<T> setting) where T : struct => (T)Value(setting);

    /// <summary>The recipe with another value of a setting.</summary>
    public LayerRecipe With<T>(RecipeSetting<T> setting, T value) where T : struct => new(_values.SetItem(setting.Index, value));

    /// <summary>Whether a setting changes anything about a layer with this recipe: the rank of a bf16 layer, for one, does not.</summary>
    public bool Uses(RecipeSetting setting) => setting.IsUsedBy(this);

    /// <summary>
    /// The settings on which the layer's bytes depend, by their names in keys: what the plan's digest, the lock and the report have of it.
    /// </summary>
    public JsonObject ToJson() => new(RecipeSettings.All.Where(setting => setting.KeyName is not null && Uses(setting))
        .Select(setting => KeyValuePair.Create(setting.KeyName!, (JsonNode?)setting.ToJson(this))));

    /// <summary>The value of a setting, whatever its type.</summary>
    internal object Value(RecipeSetting setting) => _values[setting.Index];

    /// <summary>The recipe with other values of some settings.</summary>
    internal LayerRecipe With(ImmutableArray<KeyValuePair<RecipeSetting, object>> values)
    {
        ImmutableArray<object>.Builder changed = _values.ToBuilder();
        foreach ((RecipeSetting setting, object value) in values)
            changed[setting.Index] = value;
        return new LayerRecipe(changed.MoveToImmutable());
    }

    /// <summary>Whether every setting has the same value.</summary>
    public bool Equals(LayerRecipe? other) =>
        other is not null && RecipeSettings.All.All(setting => setting.Kind.AreEqual(Value(setting), other.Value(setting)));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LayerRecipe);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Precision, LowRank, Weights);
}
