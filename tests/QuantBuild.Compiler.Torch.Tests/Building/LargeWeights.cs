using System.Buffers.Binary;
using System.Text.Json;
using QuantBuild.Tests;

namespace QuantBuild.Compiler.Torch.Tests.Building;

/// <summary>The tiny checkpoint with one bfloat16 weight that is finite and so large that its products are not.</summary>
internal sealed class LargeWeights : IDisposable
{
    private const ushort Largest = 0x7f7f;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("quantbuild-large-");

    public LargeWeights(string expert, string tensor)
    {
        foreach (DirectoryInfo part in new DirectoryInfo(TestData.TinyWan("checkpoint")).GetDirectories())
        {
            DirectoryInfo copy = _folder.CreateSubdirectory(part.Name);
            foreach (FileInfo file in part.GetFiles())
            {
                file.CopyTo(Path.Combine(copy.FullName, file.Name));
                if (part.Name == expert && file.Extension == ".safetensors")
                    Fill(Path.Combine(copy.FullName, file.Name), tensor);
            }
        }
    }

    /// <summary>Its folder.</summary>
    public string Folder => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);

    private static void Fill(string file, string tensor)
    {
        byte[] bytes = File.ReadAllBytes(file);
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        using JsonDocument json = JsonDocument.Parse(bytes.AsMemory(8, header));
        if (!json.RootElement.TryGetProperty(tensor, out JsonElement found))
            return;
        Assert.Equal("BF16", found.GetProperty("dtype").GetString());
        (int begin, int end) = (found.GetProperty("data_offsets")[0].GetInt32(), found.GetProperty("data_offsets")[1].GetInt32());
        for (int i = begin; i < end; i += 2)
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8 + header + i), Largest);
        File.WriteAllBytes(file, bytes);
    }
}
