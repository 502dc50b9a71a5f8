using System.Runtime.InteropServices;
using QuantBuild.SafeTensors;

namespace QuantBuild.BackendTests;

/// <summary>A source with one float32 tensor.</summary>
internal sealed class OneTensor(string name, long[] shape, float[] values) : ITensorSource
{
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } = new Dictionary<string, TensorInfo>(StringComparer.Ordinal)
    {
        [name] = new(name, DType.F32, shape, 0, sizeof(float) * (long)values.Length),
    };

    public ReadOnlySpan<byte> Bytes(string tensor) => MemoryMarshal.AsBytes<float>(ValuesOf(tensor));

    public void ReadFloat32(string tensor, Span<float> destination) => ValuesOf(tensor).CopyTo(destination);

    private float[] ValuesOf(string tensor) => tensor == name
        ? values
        : throw new SafeTensorsException("MissingTensor", $"there is no tensor '{tensor}'");
}
