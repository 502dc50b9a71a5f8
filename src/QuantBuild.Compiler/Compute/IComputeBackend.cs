using QuantBuild.Compiler.Actions;
using QuantBuild.Denoisers;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;

namespace QuantBuild.Compiler.Compute;

/// <summary>
/// An arithmetic that a manifest can choose, for whole models or for whole layers; never for a single product.
/// </summary>
internal interface IComputeBackend
{
    /// <summary>Its name in manifests.</summary>
    string Name { get; }

    /// <summary>What the bytes of results depend on beside the rest of a key; the stages of a group have one arithmetic.</summary>
    NumericProfile ProfileOf(ComputeGroup group);

    /// <summary>
    /// Makes ready to compute. Called before a build executes its first action for which it may be needed: what is missing is told there,
    /// and a build whose results are all in a store needs none of it.
    /// </summary>
    /// <param name="needed">What has to be computed, for the message.</param>
    /// <exception cref="Diagnostics.DiagnosticException">It cannot compute on this machine; nothing was begun.</exception>
    void Start(string needed);

    /// <summary>Makes ready to compute, and tells on what; null for the processor's own kernels.</summary>
    /// <param name="measure">Whether its speed is measured, which takes a moment.</param>
    /// <exception cref="Diagnostics.DiagnosticException">It cannot compute on this machine.</exception>
    BackendReport? Inspect(bool measure) => null;

    /// <summary>Where the weights of experts stay while they run.</summary>
    /// <param name="weights">Elements of their weights.</param>
    /// <param name="budget">Bytes that the build may take of the machine's memory.</param>
    ModelPlacement Place(ModelElements weights, long budget) => ModelPlacement.OnHost(weights, budget);

    /// <summary>
    /// Bytes of a device that a step of a layer may take; null where there is no device with memory of its own and no limit.
    /// </summary>
    long? DeviceMemory => null;

    /// <summary>Whether that is a device's own memory, and not a part of the machine's.</summary>
    bool HasOwnMemory => false;

    /// <summary>
    /// The memory that the model takes while it runs; null for the processor's own kernels, which stages know themselves.
    /// </summary>
    /// <param name="placement">Where the weights stay.</param>
    /// <param name="weights">Elements of their weights.</param>
    /// <param name="config">Shape of the larger expert.</param>
    /// <param name="shape">Size of the latent.</param>
    /// <param name="is4Bit">Whether it is an artifact's.</param>
    ModelNeed? NeedOf(ModelPlacement placement, ModelElements weights, WanConfig config, LatentShape shape, bool is4Bit) => null;

    /// <summary>Opens experts.</summary>
    IDenoiserFactory Models { get; }

    /// <summary>Opens text encoder and autoencoder.</summary>
    IEncoderFactory Encoders { get; }

    /// <summary>Begins the work on a layer.</summary>
    /// <param name="layer">Its data, which must stay open.</param>
    ILayerCompute Open(ILayerData layer);

    /// <summary>The memory that a step of a layer takes, from shapes alone: with everything that the steps before it keep for it.</summary>
    /// <param name="step">The step.</param>
    /// <param name="layer">The layer; for <see cref="LayerStep.Clip"/> its recipe has the candidates of the bin.</param>
    /// <param name="tokens">Tokens that the step reads.</param>
    /// <param name="threads">Threads of its arithmetic.</param>
    ResourceNeed NeedOf(LayerStep step, LayerSpec layer, long tokens, int threads);
}
