using System.Runtime.InteropServices;
using System.Text.Json;

namespace QuantBuild.SafeTensors;

/// <summary>A safetensors file, open for reading.</summary>
public sealed class SafeTensorsFile : ITensorSource, IDisposable
{
    private readonly byte[] _file;
    private readonly int _data;

    private SafeTensorsFile(byte[] file, int data, Dictionary<string, TensorInfo> tensors, Dictionary<string, string> metadata)
    {
        _file = file;
        _data = data;
        Tensors = tensors;
        Metadata = metadata;
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>The header's <c>__metadata__</c>; empty when it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens and validates a file.</summary>
    public static SafeTensorsFile Open(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int header = (int)BitConverter.ToUInt64(file);
        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        using JsonDocument json = JsonDocument.Parse(file.AsMemory(8, header));
        foreach (JsonProperty entry in json.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
            {
                foreach (JsonProperty pair in entry.Value.EnumerateObject())
                    metadata.Add(pair.Name, pair.Value.GetString()!);
                continue;
            }
            JsonElement offsets = entry.Value.GetProperty("data_offsets");
            tensors.Add(entry.Name, new TensorInfo(entry.Name, Enum.Parse<DType>(entry.Value.GetProperty("dtype").GetString()!),
                [.. entry.Value.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64())], offsets[0].GetInt64(), offsets[1].GetInt64()));
        }
        return new SafeTensorsFile(file, 8 + header, tensors, metadata);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name)
    {
        TensorInfo tensor = Tensors[name];
        return _file.AsSpan((int)(_data + tensor.Begin), (int)tensor.ByteLength);
    }

    /// <inheritdoc/>
    public void ReadFloat32(string name, Span<float> destination)
    {
        ReadOnlySpan<byte> bytes = Bytes(name);
        switch (Tensors[name].DType)
        {
            case DType.F32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(destination);
                break;
            case DType.BF16:
                ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < halves.Length; i++)
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                break;
            default:
                throw new SafeTensorsException("WrongDType", $"tensor '{name}' is {Tensors[name].DType}, not a float");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
