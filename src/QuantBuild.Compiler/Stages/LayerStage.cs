using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Stages;

/// <summary>A link of a layer's chain.</summary>
internal interface ILayerStage
{
    /// <summary>The stage.</summary>
    Stage<LayerSubject> Declaration { get; }

    /// <summary>Its actions for a layer; none where the recipe has no use for it.</summary>
    IEnumerable<LayerSubject> SubjectsOf(Plan plan, ExpertPlan expert, LayerPlan layer);

    /// <summary>Bytes of a device of its own that an action holds at its peak; 0 where there is none.</summary>
    long DeviceBytes(LayerSubject subject);

    /// <summary>Runs them and hands the results to the layer; false when the runner only looks and one is missing.</summary>
    bool Run(LayerWork work);
}

/// <summary>A stage of a layer's chain.</summary>
/// <typeparam name="TResult">What an action makes.</typeparam>
/// <param name="name">Its name in keys and listings.</param>
/// <param name="version">Version of its algorithm.</param>
/// <param name="text">Its row in docs/stages.md.</param>
/// <param name="options">What is in its keys.</param>
internal abstract class LayerStage<TResult>(string name, int version, StageText text,
    params ImmutableArray<StageOption<LayerSubject>> options)
    : Stage<LayerSubject, TResult>(name, version, text, options), ILayerStage where TResult : class
{
    /// <inheritdoc/>
    public Stage<LayerSubject> Declaration => this;

    /// <inheritdoc/>
    public override ComputeGroup Group => ComputeGroup.Layers;

    /// <inheritdoc/>
    public override string ExpertOf(LayerSubject subject) => subject.Expert.Name;

    /// <inheritdoc/>
    public override string NameOf(LayerSubject subject) => subject.Layer.Name;

    /// <inheritdoc/>
    public virtual IEnumerable<LayerSubject> SubjectsOf(Plan plan, ExpertPlan expert, LayerPlan layer) =>
        [new LayerSubject(plan, expert, layer)];

    /// <inheritdoc/>
    public override long Bytes(LayerSubject subject, int threads) => Need(subject, threads).HostBytes;

    /// <inheritdoc/>
    public long DeviceBytes(LayerSubject subject) => Need(subject, threads: 1).DeviceBytes;

    /// <inheritdoc/>
    public bool Run(LayerWork work)
    {
        bool complete = true;
        foreach (LayerSubject subject in SubjectsOf(work.Context.Plan, work.Source.Plan, work.Layer))
        {
            if (work.Run(Action(subject, work.Context.Plan.Profiles, Inputs(work)), () => Compute(work, subject)) is { } record)
                Accept(work, Read(work.Context.Store, record.Outputs));
            else
                complete = false;
        }
        return complete;
    }

    /// <summary>The memory that an action holds at its peak.</summary>
    protected abstract ResourceNeed Need(LayerSubject subject, int threads);

    /// <summary>Digests of an action's inputs by role: by default the recordings, and everything that the chain made so far.</summary>
    protected virtual IEnumerable<KeyValuePair<string, Digest>> Inputs(LayerWork work) => LayerTensors.Inputs(work, work.Recordings);

    /// <summary>Computes an action and stores its outputs.</summary>
    protected abstract IReadOnlyDictionary<string, BlobRef> Compute(LayerWork work, LayerSubject subject);

    /// <summary>Hands a result to the layer, for the stages behind.</summary>
    protected abstract void Accept(LayerWork work, TResult result);
}
