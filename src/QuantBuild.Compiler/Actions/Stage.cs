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

    /// <inheritdoc/>
    public sealed override string ToString() => name;
}
