using System.Runtime.InteropServices;
using QuantBuild.Formats;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Torch.Tests.Measuring;

/// <summary>
/// An expert of any size whose weights are random bfloat16 numbers of the usual sizes, and are nowhere until they are read.
/// </summary>
internal sealed class MadeUpExpert : ITensorSource
{
    // A prime, so that rows of a weight do not repeat.
    private const int Period = 1_048_573;

    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<int, ushort[]> _values = [];

    public MadeUpExpert(WanConfig config)
    {
        foreach ((string name, IReadOnlyList<long> shape) in WanTensors.ExpectedShapes(config))
            _tensors[name] = new TensorInfo(name, DType.BF16, shape, 0, 2 * shape.Aggregate(1L, (product, length) => product * length));
    }

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    public ReadOnlySpan<byte> Bytes(string name) => Bytes(name, 0, checked((int)_tensors[name].ByteLength));

    public ReadOnlySpan<byte> Bytes(string name, long offset, int length)
    {
        var bytes = new byte[length];
        Read(name, offset, bytes);
        return bytes;
    }

    public void Read(string name, long offset, Span<byte> destination)
    {
        Span<ushort> values = MemoryMarshal.Cast<byte, ushort>(destination);
        if (name.Contains("norm", StringComparison.Ordinal) && name.EndsWith("weight", StringComparison.Ordinal))
        {
            values.Fill(BFloat16.FromSingle(1));
            return;
        }
        ushort[] source = ValuesFor((int)(_tensors[name].ElementCount / _tensors[name].Shape[0]));
        int at = (int)(((offset / 2) + name.Length) % Period);
        for (int count; values.Length > 0; values = values[count..], at = 0)
        {
            count = Math.Min(values.Length, Period - at);
            source.AsSpan(at, count).CopyTo(values);
        }
    }

    public void ReadFloat32(string name, Span<float> destination) => this.ReadFloat32(name, 0, destination);

    /// <summary>Uniform numbers whose variance is one over the inputs of an output.</summary>
    private ushort[] ValuesFor(int inputs)
    {
        if (!_values.TryGetValue(inputs, out ushort[]? values))
        {
            var random = new Random(inputs);
            float limit = MathF.Sqrt(3f / inputs);
            values = new ushort[Period];
            for (int i = 0; i < Period; i++)
                values[i] = BFloat16.FromSingle(((2 * random.NextSingle()) - 1) * limit);
            _values.Add(inputs, values);
        }
        return values;
    }
}
