using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Planning;

/// <summary>What decided a setting of a layer.</summary>
/// <param name="Rank">Later rules win: <see cref="Quantize"/>, then <see cref="Expert"/>, then overrides by index.</param>
/// <param name="Label">The rule, for people.</param>
/// <param name="Span">Place of the value.</param>
internal readonly record struct SettingOrigin(int Rank, string Label, SourceSpan Span)
{
    /// <summary>Rank of the section <c>quantize</c>.</summary>
    public const int Quantize = -2;

    /// <summary>Rank of an expert's own settings.</summary>
    public const int Expert = -1;
}
