using System.Runtime.InteropServices;
using TorchSharp;

namespace QuantBuild.Torch.Native;

/// <summary>Where a tensor's elements are, on whatever device: TorchSharp tells it of the processor's only.</summary>
internal static unsafe class DataPointer
{
    private static readonly delegate* unmanaged<nint, nint*, int> Get =
        (delegate* unmanaged<nint, nint*, int>)NativeLibrary.GetExport(TorchLibrary.Core, "aoti_torch_get_data_ptr");

    /// <summary>The address of a tensor's first element, by libtorch's stable C interface.</summary>
    /// <param name="tensor">The tensor; the address is good as long as it is.</param>
    public static nint Of(torch.Tensor tensor)
    {
        nint address;
        return Get(tensor.Handle, &address) == 0
            ? address
            : throw new InvalidOperationException("libtorch does not tell where a tensor is (aoti_torch_get_data_ptr)");
    }
}
