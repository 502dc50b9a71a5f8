using System.Buffers.Binary;
using System.Text.Json;

namespace QuantBuild.Tests.Layouts;

/// <summary>
/// A reader of the files of other runtimes that shares no code with the writer: header, offsets, and the number formats by their
/// definitions.
/// </summary>
internal sealed class PlainSafeTensors
{
    private readonly Dictionary<string, (string Type, long[] Shape, byte[] Bytes)> _tensors = new(StringComparer.Ordinal);

    public PlainSafeTensors(params IEnumerable<string> files)
    {
        foreach (string file in files)
            Read(File.ReadAllBytes(file));
    }

    public IEnumerable<string> Names => _tensors.Keys;

    public string TypeOf(string name) => _tensors[name].Type;

    public long[] ShapeOf(string name) => _tensors[name].Shape;

    public byte[] Bytes(string name) => _tensors[name].Bytes;

    /// <summary>The values of a floating-point tensor, exactly.</summary>
    public double[] Values(string name)
    {
        (string type, _, byte[] bytes) = _tensors[name];
        return type switch
        {
            "BF16" => [.. bytes.Chunk(2).Select(pair => (double)BitConverter.Int32BitsToSingle((pair[1] << 24) | (pair[0] << 16)))],
            "F32" => [.. bytes.Chunk(4).Select(four => (double)BinaryPrimitives.ReadSingleLittleEndian(four))],
            _ => throw new InvalidOperationException(type),
        };
    }

    /// <summary>MXFP4: two codes per byte, the first in the low nibble; scales 2^(byte - 127) per 32.</summary>
    /// <param name="codes">Tensor [N, K/2].</param>
    /// <param name="scaleOf">Byte of the scale of a row and a group.</param>
    public double[] Mxfp4(string codes, Func<long, long, byte> scaleOf)
    {
        (_, long[] shape, byte[] bytes) = _tensors[codes];
        (long rows, long columns) = (shape[0], shape[1] * 2);
        var values = new double[rows * columns];
        for (long i = 0; i < values.LongLength; i++)
        {
            int code = (bytes[i / 2] >> (int)(4 * (i % 2))) & 15;
            values[i] = E2M1(code) * Math.Pow(2, scaleOf(i / columns, i % columns / 32) - 127);
        }
        return values;
    }

    /// <summary>Sign, two bits of exponent with bias 1, one bit of mantissa.</summary>
    private static double E2M1(int code)
    {
        int exponent = (code >> 1) & 3, mantissa = code & 1;
        double magnitude = exponent == 0 ? mantissa * 0.5 : (1 + (mantissa * 0.5)) * Math.Pow(2, exponent - 1);
        return (code & 8) != 0 ? -magnitude : magnitude;
    }

    private void Read(byte[] file)
    {
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        using JsonDocument header = JsonDocument.Parse(file.AsMemory(8, length));
        foreach (JsonProperty entry in header.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__"))
        {
            int[] ends = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(end => end.GetInt32())];
            _tensors.Add(entry.Name, (entry.Value.GetProperty("dtype").GetString()!,
                [.. entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())],
                    file[(8 + length + ends[0])..(8 + length + ends[1])]));
        }
    }
}
