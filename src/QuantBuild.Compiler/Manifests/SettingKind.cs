using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace QuantBuild.Compiler.Manifests;

/// <summary>Which values a setting can have, and how they are spelled in keys and locks.</summary>
internal abstract record SettingKind
{
    /// <summary>A value as keys, locks and reports have it.</summary>
    public abstract JsonNode ToJson(object value);

    /// <summary>Whether two values mean the same.</summary>
    public virtual bool AreEqual(object a, object b) => a.Equals(b);
}

/// <summary>The kind of a setting with values of one type.</summary>
/// <typeparam name="T">The type.</typeparam>
internal abstract record SettingKind<T> : SettingKind where T : struct;

/// <summary><c>true</c> or <c>false</c>.</summary>
internal sealed record FlagKind : SettingKind<bool>
{
    /// <inheritdoc/>
    public override JsonNode ToJson(object value) => (bool)value;
}

/// <summary>A number.</summary>
/// <param name="Range">Its range.</param>
internal sealed record NumberKind(Interval Range) : SettingKind<double>
{
    /// <inheritdoc/>
    public override JsonNode ToJson(object value) => (double)value;
}

/// <summary>A whole number.</summary>
/// <param name="Min">Least value.</param>
/// <param name="Max">Greatest value.</param>
/// <param name="IsPowerOfTwo">Whether powers of two alone are allowed.</param>
internal sealed record IntegerKind(int Min, int Max, bool IsPowerOfTwo = false) : SettingKind<int>
{
    /// <inheritdoc/>
    public override JsonNode ToJson(object value) => (int)value;
}

/// <summary>A rank, or <c>auto</c> for one that a budget of bytes decides.</summary>
/// <param name="Max">Greatest value.</param>
internal sealed record RankKind(int Max) : SettingKind<int>
{
    /// <summary>The value of <c>auto</c>.</summary>
    public const int Auto = -1;

    /// <summary>Its spelling.</summary>
    public const string AutoName = "auto";

    /// <inheritdoc/>
    public override JsonNode ToJson(object value) => (int)value == Auto ? AutoName : (int)value;
}

/// <summary>A number of bytes, or a text such as <c>4MiB</c>.</summary>
/// <param name="Max">Greatest value.</param>
internal sealed record BytesKind(long Max) : SettingKind<long>
{
    /// <inheritdoc/>
    public override JsonNode ToJson(object value) => (long)value;
}

/// <summary>One of a few names.</summary>
/// <typeparam name="T">What they name.</typeparam>
/// <param name="Values">The names.</param>
internal sealed record ChoiceKind<T>(NamedValues<T> Values) : SettingKind<T>, IChoiceKind where T : struct
{
    NamedValues IChoiceKind.Values => Values;

    /// <inheritdoc/>
    public override JsonNode ToJson(object value) => Values.NameOfValue(value);
}

/// <summary>A choice of any type.</summary>
internal interface IChoiceKind
{
    /// <summary>The names.</summary>
    NamedValues Values { get; }
}

/// <summary>A list of numbers, ascending, not empty.</summary>
/// <param name="Range">Their range.</param>
internal sealed record NumbersKind(Interval Range) : SettingKind<ImmutableArray<double>>
{
    /// <inheritdoc/>
    public override JsonNode ToJson(object value) => new JsonArray([.. ((ImmutableArray<double>)value).Select(number => (JsonNode)number)]);

    /// <inheritdoc/>
    public override bool AreEqual(object a, object b) => ((ImmutableArray<double>)a).SequenceEqual((ImmutableArray<double>)b);
}

/// <summary>A list of whole numbers, ascending, not empty.</summary>
/// <param name="Min">Least value.</param>
/// <param name="Max">Greatest value.</param>
internal sealed record IntegersKind(int Min, int Max) : SettingKind<ImmutableArray<int>>
{
    /// <inheritdoc/>
    public override JsonNode ToJson(object value) => new JsonArray([.. ((ImmutableArray<int>)value).Select(number => (JsonNode)number)]);

    /// <inheritdoc/>
    public override bool AreEqual(object a, object b) => ((ImmutableArray<int>)a).SequenceEqual((ImmutableArray<int>)b);
}
