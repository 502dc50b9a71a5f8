using System.Runtime.InteropServices;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Native;
using QuantBuild.Torch.Tensors;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Kernels;

/// <summary>The quantizer of a device: the kernel on a GPU where it can be had and is right, plain operations everywhere else.</summary>
internal sealed class DeviceQuantizer : IDisposable
{
    private readonly OperationQuantizer _operations;
    private readonly IQuantizeKernels? _kernels;

    /// <summary>Chooses.</summary>
    /// <param name="space">The device.</param>
    /// <param name="tables">Its tables; must outlive the quantizer.</param>
    /// <param name="open">Brings the kernels to a GPU, by its number.</param>
    public DeviceQuantizer(TensorSpace space, Mxfp4Tables tables, Func<int, IQuantizeKernels> open)
    {
        _operations = new OperationQuantizer(space, tables, byStages: space.IsCuda);
        Quantizer = _operations;
        Description = "plain operations";
        // In float32 nothing is rounded to what the kernel writes.
        if (!space.IsCuda || space.Type != ScalarType.BFloat16)
            return;
        try
        {
            _kernels = open(Math.Max(0, space.Device.index));
            var quantizer = new KernelQuantizer(_kernels, _operations);
            if (!QuantizerCheck.Agree(quantizer, _operations, space.Device))
                throw new KernelException("its results differ from theirs on this device");
            (Quantizer, Description) = (quantizer, "one kernel");
        }
        catch (Exception e)
            when (e is KernelException or ExternalException or InvalidOperationException or DllNotFoundException
                or EntryPointNotFoundException)
        {
            _kernels?.Dispose();
            _kernels = null;
            Description = $"plain operations, without the kernel: {e.Message.Split('\n')[0].Trim()}";
        }
    }

    /// <summary>What rounds.</summary>
    public IInputQuantizer Quantizer { get; }

    /// <summary>What it is, for people; where the kernel is not used on a GPU, why.</summary>
    public string Description { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _kernels?.Dispose();
        _operations.Dispose();
    }
}
