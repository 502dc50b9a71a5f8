using System.Runtime.InteropServices;
using QuantBuild.Formats;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models;

/// <summary>Tensors made up for a test.</summary>
internal sealed class TensorsInMemory : ITensorSource
{
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _bytes = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    public void Add(string name, DType type, long[] shape, ReadOnlySpan<float> values)
    {
        byte[] bytes = type switch
        {
            DType.F32 => MemoryMarshal.AsBytes(values).ToArray(),
            DType.F16 => MemoryMarshal.AsBytes<Half>([.. values.ToArray().Select(value => (Half)value)]).ToArray(),
            DType.BF16 => MemoryMarshal.AsBytes<ushort>([.. values.ToArray().Select(BFloat16.FromSingle)]).ToArray(),
            _ => new byte[values.Length],
        };
        _tensors[name] = new TensorInfo(name, type, shape, 0, bytes.Length);
        _bytes[name] = bytes;
    }

    public void Remove(string name) => _tensors.Remove(name);

    public ReadOnlySpan<byte> Bytes(string name) => _bytes[name];

    public void ReadFloat32(string name, Span<float> destination) => FloatBytes.Read(_tensors[name].DType, _bytes[name], destination);
}
