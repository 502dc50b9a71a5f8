using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using QuantBuild.Artifacts;
using QuantBuild.Denoisers;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Models.Vae;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;
using QuantBuild.Text;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Kernels;
using QuantBuild.Torch.Layers;
using QuantBuild.Torch.Native;
using QuantBuild.Torch.Streaming;
using QuantBuild.Torch.Tensors;
using QuantBuild.Torch.Text;
using QuantBuild.Torch.Vae;
using QuantBuild.Torch.Wan;
using TorchSharp;

namespace QuantBuild.Torch;

/// <summary>TorchSharp on one device: opens experts, text encoder and autoencoder there.</summary>
/// <remarks>
/// Results are the same again on the same device with the same libtorch and options, whose names are in <see cref="Profile"/>; they differ
/// from those of the processor's own kernels, and from device to device, by rounding. What it opened is disposed before it. Used, with all
/// that it opened, by one thread at a time.
/// </remarks>
public sealed class TorchRuntime : IDenoiserFactory, IEncoderFactory, IDisposable
{
    private readonly TensorSpace _space;
    private readonly Mxfp4Tables _tables;
    private readonly DeviceQuantizer _quantizer;
    private readonly ScaledProduct? _product;

    private TorchRuntime(TorchOptions options, TensorSpace space)
    {
        _space = space;
        _tables = new Mxfp4Tables(space);
        _quantizer = new DeviceQuantizer(space, _tables, CudaKernels.Open);
        bool isWanted = options.Fp8 ?? space.IsCuda;
        _product = isWanted && options.Precision == TorchPrecision.BFloat16 ? ScaledProduct.Probe(space.Device) : null;
        Profile = TorchProfile.NameOf(TorchProfile.MachineOf(options.Device, options.Threads), space.Type, _product is not null);
    }

    /// <summary>The name of the arithmetic: everything that the bytes of results depend on.</summary>
    public string Profile { get; }

    /// <summary>The device, such as <c>cuda:0</c>.</summary>
    public string Device => _space.Device.ToString();

    /// <summary>
    /// What rounds activations of 4-bit layers: one kernel on a GPU, or plain operations and why; results are the same.
    /// </summary>
    public string Rounding => _quantizer.Description;

    /// <summary>4-bit layers that are multiplied as FP8, of all that were opened.</summary>
    public int FoldedLayers { get; private set; }

    /// <summary>
    /// Rows of weights whose blocks do not fit FP8; layers that have any are multiplied in bfloat16.
    /// </summary>
    public long MisfitRows { get; private set; }

    /// <summary>Experts whose weights stay on the device.</summary>
    internal ResidentTally Experts { get; } = new();

    /// <summary>Whether 4-bit layers whose rows fit are multiplied as FP8.</summary>
    internal bool HasFp8 => _product is not null;

    /// <summary>Where its tensors live.</summary>
    internal TensorSpace Space => _space;

    /// <summary>The values of codes, there.</summary>
    internal Mxfp4Tables Tables => _tables;

    /// <summary>Finds libtorch, checks it, and starts it on a device.</summary>
    /// <param name="options">What to compute on; null for the defaults.</param>
    /// <exception cref="TorchException">Something is missing or does not fit; the message says what, in a sentence.</exception>
    public static TorchRuntime Open(TorchOptions? options = null)
    {
        options ??= new TorchOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1);
        torch.Device device = TorchDevice.Start(options.Device, options.LibraryFolder, options.PackageFolders, options.Threads,
            options.AcceptsOtherVersions);
        return new TorchRuntime(options,
            new TensorSpace(device, options.Precision == TorchPrecision.Float32 ? torch.ScalarType.Float32 : torch.ScalarType.BFloat16)
            {
                Threads = options.Threads,
            });
    }

    /// <inheritdoc/>
    /// <exception cref="TorchException">The device has too little memory.</exception>
    public IDenoiser Open(WanConfig config, ITensorSource weights, WeightStorage storage = WeightStorage.Resident) =>
        Open(config, weights, storage, (_, _) => null);

    /// <inheritdoc/>
    /// <exception cref="TorchException">The device has too little memory.</exception>
    public IDenoiser Open(ArtifactExpertModel quantized, WeightStorage storage = WeightStorage.Resident)
    {
        ArgumentNullException.ThrowIfNull(quantized);
        return Open(quantized.Config, quantized.Tensors, storage,
            (name, codes) => quantized.Parameters(name) is { } layer ? Quantized(layer, storage, codes) : null);
    }

    /// <inheritdoc/>
    ITextEncoder IEncoderFactory.OpenTextEncoder(TextEncoderConfig config, ITensorSource source) =>
        new TorchTextEncoder(config, source, _space);

    /// <inheritdoc/>
    /// <remarks>The autoencoder computes in float32, whatever the precision.</remarks>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The autoencoder owns it.")]
    VideoAutoencoder IEncoderFactory.OpenAutoencoder(VaeConfig config, ITensorSource source, VaeTiling? tiling) =>
        new(config, new TorchVaeEngine(config, VaeNames.Official(config, source), _space)) { Tiling = tiling };

    /// <inheritdoc/>
    public void Dispose()
    {
        _quantizer.Dispose();
        _tables.Dispose();
        _product?.Dispose();
    }

    /// <summary>A 4-bit layer, as FP8 where that is wanted and exact.</summary>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "It is the result.")]
    internal ITorchLinear Quantized(QuantizedLayer layer, WeightStorage storage, StreamedCodes? codes = null)
    {
        if (_product is not null && storage == WeightStorage.Resident)
        {
            FoldedLinear? folded = FoldedLinear.TryFold(layer, _space, _tables, _quantizer.Quantizer, _product, out long misfits);
            MisfitRows += misfits;
            if (folded is not null)
            {
                FoldedLayers++;
                return folded;
            }
        }
        return new Layers.QuantizedLinear(layer, _space, _tables, _quantizer.Quantizer, storage, codes);
    }

    private TorchDenoiser Open(WanConfig config, ITensorSource weights, WeightStorage storage,
        Func<string, StreamedCodes?, ITorchLinear?> quantized)
    {
        try
        {
            var loader = new WanLoader(config, weights, _space, storage, quantized);
            if (storage == WeightStorage.Resident)
                loader.Keep(Experts.Hold());
            return new TorchDenoiser(WanParameters.Load(loader), _space);
        }
        catch (ExternalException e) when (TorchErrors.IsOutOfMemory(e))
        {
            throw TorchErrors.OutOfMemory(e, _space.Device, "the weights of an expert");
        }
    }
}
