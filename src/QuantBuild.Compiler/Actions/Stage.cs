using System.Collections.Immutable;

namespace QuantBuild.Compiler.Actions;

/// <summary>
/// A kind of action. Each is declared in one file: its name, version, key, need of memory, cost, work and result; see docs/stages.md.
/// </summary>
/// <param name="name">Name in keys, logs and records.</param>
/// <param name="version">Algorithm version: raised whenever the same inputs would give other bytes.</param>
/// <param name="text">Its row in docs/stages.md.</param>
internal abstract class Stage(string name, int version, StageText text)
{
    /// <summary>Name in keys, logs and records.</summary>
    public string Name => name;

    /// <summary>Algorithm version.</summary>
    public int Version => version;

    /// <summary>What its row in docs/stages.md says beside the options.</summary>
    public StageText Text => text;

    /// <summary>Whose choice of arithmetic its actions follow.</summary>
    public virtual ComputeGroup Group => ComputeGroup.Fixed;

    /// <summary>Settings that are, or can be, part of its keys.</summary>
    public abstract ImmutableArray<StageOption> Options { get; }

    /// <summary>
    /// How its results are compared where the arithmetic need not give the same bytes twice; null when they cannot be.
    /// </summary>
    public virtual Tolerance? Tolerance => null;

    /// <summary>Whether two results of an action can be compared.</summary>
    /// <param name="profile">The action's arithmetic.</param>
    public bool IsComparable(NumericProfile profile) => profile.BitExact || Tolerance is not null;

    /// <inheritdoc/>
    public sealed override string ToString() => name;
}
