namespace QuantBuild.Compiler.Actions;

/// <summary>What executing a cached action again showed.</summary>
/// <param name="Outcome">How both results compare.</param>
/// <param name="Distance">
/// How far they lie apart, as <see cref="Tolerance.Distance"/> says; null where bytes alone were compared, or nothing could be.
/// </param>
internal readonly record struct Recheck(RecheckOutcome Outcome, double? Distance = null);

/// <summary>How a result compares with the one before.</summary>
internal enum RecheckOutcome
{
    /// <summary>Byte for byte the same.</summary>
    SameBytes,

    /// <summary>Other bytes, of an arithmetic that allows that, and figures within the stage's tolerance.</summary>
    WithinTolerance,

    /// <summary>Other bytes of a bit-exact arithmetic, or figures beyond the tolerance.</summary>
    Different,

    /// <summary>Other bytes, of an arithmetic that allows that, and no figures to compare.</summary>
    NotComparable,
}
