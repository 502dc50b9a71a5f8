using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Formats;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Sources;

/// <summary>The tiny checkpoint as other people's files, written to a folder: one file per expert, and LoRA files.</summary>
internal static class SourceFiles
{
    public static readonly string[] Experts = ["high_noise_model", "low_noise_model"];

    /// <summary>Writes every expert as one file, with its configuration beside it, and returns the files' names.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="tensors">Makes the tensors of a file out of an expert's.</param>
    public static string[] Write(string folder, Func<ShardedCheckpoint, IEnumerable<TensorData>> tensors)
    {
        Directory.CreateDirectory(folder);
        File.Copy(TestData.TinyWan("checkpoint", Experts[0], "config.json"), Path.Combine(folder, "config.json"), overwrite: true);
        return [.. Experts.Select(expert =>
        {
            using ShardedCheckpoint source = ShardedCheckpoint.Open(TestData.TinyWan("checkpoint", expert));
            string file = $"wan2.2_i2v_{expert}.safetensors";
            SafeTensorsWriter.Write(Path.Combine(folder, file), [.. tensors(source)]);
            return file;
        })];
    }

    /// <summary>A tensor in float32 whose values a function gives.</summary>
    public static TensorData Tensor(string name, long[] shape, Func<int, float> value)
    {
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (int i = 0; i < values.Length; i++)
            values[i] = value(i);
        return TensorData.Of(name, shape, values);
    }

    /// <summary>A weight as 8-bit floats with a scale for all or one per row, rounded to the nearest code.</summary>
    public static IEnumerable<TensorData> Fp8(ITensorSource source, string name, string stored, string scaleName, bool perRow)
    {
        TensorInfo tensor = source.Tensors[name];
        float[] values = source.ReadFloat32(name);
        int rows = (int)tensor.Shape[0], columns = values.Length / rows;
        var scales = new float[perRow ? rows : 1];
        for (int i = 0; i < values.Length; i++)
            scales[perRow ? i / columns : 0] = Math.Max(scales[perRow ? i / columns : 0], Math.Abs(values[i]) / 448);
        var codes = new byte[values.Length];
        for (int i = 0; i < values.Length; i++)
            codes[i] = Nearest(values[i] / scales[perRow ? i / columns : 0]);
        yield return TensorData.Of(stored, DType.F8_E4M3, tensor.Shape, codes);
        yield return TensorData.Of(scaleName, perRow ? [rows, 1] : [], scales);
    }

    private static byte Nearest(float value)
    {
        ReadOnlySpan<float> table = Float8.E4M3;
        int best = 0;
        for (int code = 0; code < 256; code++)
        {
            if (!float.IsNaN(table[code]) && Math.Abs(table[code] - value) < Math.Abs(table[best] - value))
                best = code;
        }
        return (byte)best;
    }

    /// <summary>Writes a file with a header of any content.</summary>
    public static void WriteRaw(string path, JsonObject header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        using FileStream file = File.Create(path);
        file.Write(BitConverter.GetBytes((long)json.Length));
        file.Write(json);
        file.Write(data);
    }
}
