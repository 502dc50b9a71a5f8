using QuantBuild.SafeTensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Tensors;

/// <summary>Brings tensors of a checkpoint to the device, each byte once.</summary>
/// <remarks>
/// Where the device is the host and the element type is the file's, bytes are read into the tensor itself; else through one small buffer,
/// pinned for a GPU. A tensor is never on the host as a whole, and bfloat16 stays bfloat16.
/// </remarks>
internal static class TensorUpload
{
    /// <summary>Bytes of the buffer.</summary>
    public const int BufferBytes = 32 << 20;

    /// <summary>Reads a tensor.</summary>
    /// <param name="source">Where it is; F32, F16, BF16 or U8.</param>
    /// <param name="name">The tensor.</param>
    /// <param name="space">Where it goes.</param>
    /// <param name="type">Element type there.</param>
    /// <param name="shape">Its shape there, of as many elements; null for the file's.</param>
    /// <param name="bufferBytes">Bytes of the buffer; a test takes few.</param>
    /// <exception cref="SafeTensorsException">There is no such tensor, or its type cannot be brought there.</exception>
    public static Tensor Read(ITensorSource source, string name, TensorSpace space, ScalarType type, long[]? shape = null,
        int bufferBytes = BufferBytes)
    {
        ScalarType stored = TypeOf(source, name);
        TensorInfo tensor = source.Tensors[name];
        int size = tensor.DType.Bits() / 8;
        Tensor result = empty(shape ?? [.. tensor.Shape], dtype: type, device: space.Device);
        try
        {
            using Tensor flat = result.view(-1);
            long elements = tensor.ElementCount, portion = Math.Max(1, bufferBytes / size);
            bool direct = !space.IsCuda && stored == type;
            using Tensor? buffer = direct ? null : Buffer(Math.Min(portion, elements), stored, space.IsCuda);
            for (long first = 0; first < elements; first += portion)
            {
                long count = Math.Min(portion, elements - first);
                using Tensor target = flat.narrow(0, first, count);
                using Tensor host = direct ? target.alias() : buffer!.narrow(0, 0, count);
                source.Read(name, first * size, host.bytes);
                if (!direct)
                    target.copy_(host).Dispose();
                source.Release(name, first * size, count * size);
            }
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <summary>The element type in which libtorch knows a tensor of a file.</summary>
    /// <exception cref="SafeTensorsException">There is no such tensor, or its type cannot be brought to a device.</exception>
    public static ScalarType TypeOf(ITensorSource source, string name) => source.Tensors.TryGetValue(name, out TensorInfo? tensor)
        ? TypeOf(tensor)
        : throw new SafeTensorsException("MissingTensor", $"there is no tensor '{name}'");

    private static Tensor Buffer(long elements, ScalarType type, bool pinned)
    {
        Tensor buffer = empty([elements], dtype: type);
        if (!pinned)
            return buffer;
        using (buffer)
            return buffer.pin_memory();
    }

    private static ScalarType TypeOf(TensorInfo tensor) => tensor.DType switch
    {
        DType.F32 => ScalarType.Float32,
        DType.F16 => ScalarType.Float16,
        DType.BF16 => ScalarType.BFloat16,
        DType.U8 => ScalarType.Byte,
        _ => throw new SafeTensorsException("WrongDType",
            $"tensor '{tensor.Name}' is {tensor.DType}; F32, F16, BF16 or U8 can be brought to a device"),
    };
}
