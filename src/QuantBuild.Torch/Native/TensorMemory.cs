using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Native;

/// <summary>Where a tensor's elements are, on any device: libtorch's stable C interface says it, TorchSharp does not.</summary>
internal static unsafe class TensorMemory
{
    private static readonly Lazy<nint> Function = new(() =>
        NativeLibrary.TryGetExport(TorchLibrary.Part("torch_cpu"), "aoti_torch_get_data_ptr", out nint function) ? function : 0);

    /// <summary>The address of a tensor's first element.</summary>
    /// <param name="tensor">The tensor; must be kept while the address is used.</param>
    /// <exception cref="ExternalException">libtorch does not say.</exception>
    public static nint AddressOf(Tensor tensor)
    {
        nint address;
        return Function.Value != 0 && ((delegate* unmanaged<nint, nint*, int>)Function.Value)(tensor.Handle, &address) == 0
            ? address
            : throw new ExternalException("libtorch does not say where a tensor is");
    }
}
