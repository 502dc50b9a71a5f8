using System.Collections.Immutable;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Actions;

/// <summary>A kind of action by what its actions are about: enough to list, count and price them before anything runs.</summary>
/// <typeparam name="TSubject">What one action is about, as planned.</typeparam>
/// <param name="name">As in the base.</param>
/// <param name="version">As in the base.</param>
/// <param name="text">As in the base.</param>
/// <param name="options">Settings in its keys.</param>
internal abstract class Stage<TSubject>(string name, int version, StageText text, params ImmutableArray<StageOption<TSubject>> options)
    : Stage(name, version, text)
{
    /// <inheritdoc/>
    public sealed override ImmutableArray<StageOption> Options => [.. options];

    /// <summary>The expert that an action belongs to, or empty.</summary>
    public virtual string ExpertOf(TSubject subject) => "";

    /// <summary>What an action works on, for people.</summary>
    public abstract string NameOf(TSubject subject);

    /// <summary>Bytes of memory that an action holds at its peak.</summary>
    /// <param name="subject">What it is about.</param>
    /// <param name="threads">Threads of its arithmetic.</param>
    public virtual long Bytes(TSubject subject, int threads) => 0;

    /// <summary>Processor time of an action's arithmetic, from shapes and the speed of a machine.</summary>
    public virtual double Seconds(TSubject subject, MachineSpeed speed) => 0;

    /// <summary>Bytes that an action adds to the store, as far as they count.</summary>
    public virtual long StoredBytes(TSubject subject) => 0;

    /// <summary>The action with its key.</summary>
    /// <param name="subject">What it is about.</param>
    /// <param name="profiles">The arithmetic of the build's stages.</param>
    /// <param name="inputs">Digests of its inputs by role.</param>
    public ActionSpec Action(TSubject subject, StageProfiles profiles, IEnumerable<KeyValuePair<string, Digest>> inputs)
    {
        var values = new JsonObject();
        foreach (StageOption<TSubject> option in options)
        {
            if (option.Value(subject) is { } value)
                values.Add(option.Name, value);
        }
        return new ActionSpec(this, profiles.Of(this), ExpertOf(subject), NameOf(subject), values, inputs);
    }

    /// <summary>The action as a node of a build's graph.</summary>
    /// <param name="subject">What it is about.</param>
    /// <param name="after">The actions whose results are in its key.</param>
    public ActionNode Node(TSubject subject, params IReadOnlyList<ActionNode> after) => new(this, ExpertOf(subject), NameOf(subject), after,
        threads => Bytes(subject, threads), speed => speed.Action + Seconds(subject, speed), () => StoredBytes(subject));
}

/// <summary>A kind of action with the type of its result.</summary>
/// <typeparam name="TSubject">What one action is about, as planned.</typeparam>
/// <typeparam name="TResult">What it makes.</typeparam>
/// <param name="name">As in the base.</param>
/// <param name="version">As in the base.</param>
/// <param name="text">As in the base.</param>
/// <param name="options">As in the base.</param>
internal abstract class Stage<TSubject, TResult>(string name, int version, StageText text,
    params ImmutableArray<StageOption<TSubject>> options)
    : Stage<TSubject>(name, version, text, options) where TResult : class
{
    /// <summary>Reads what an action stored.</summary>
    /// <param name="store">Has them.</param>
    /// <param name="outputs">The action's blobs by name.</param>
    public abstract TResult Read(IBlobFiles store, IReadOnlyDictionary<string, BlobRef> outputs);
}
