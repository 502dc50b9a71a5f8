using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models.Wan;

/// <summary>The repository's tiny checkpoint, loaded once.</summary>
internal static class TinyWan
{
    private static readonly Lazy<WanWeights> High = new(() => Load("high"));
    private static readonly Lazy<WanWeights> Low = new(() => Load("low"));

    public static LatentShape Shape { get; } = new(5, 8, 12);

    public static WanWeights Weights(string expert) => expert == "high" ? High.Value : Low.Value;

    public static WanConfig Config(string expert) => WanConfig.Load(TestData.TinyWan("checkpoint", expert + "_noise_model", "config.json"));

    private static WanWeights Load(string expert)
    {
        using var source = new Files(TestData.TinyWan("checkpoint", expert + "_noise_model"));
        return WanWeights.Load(Config(expert), source);
    }

    /// <summary>All safetensors files of a folder.</summary>
    public sealed class Files : ITensorSource, IDisposable
    {
        private readonly Dictionary<string, SafeTensorsFile> _fileOf = new(StringComparer.Ordinal);

        public Files(string folder)
        {
            foreach (string path in Directory.EnumerateFiles(folder, "*.safetensors"))
            {
                SafeTensorsFile file = SafeTensorsFile.Open(path);
                foreach (string name in file.Tensors.Keys)
                    _fileOf.Add(name, file);
            }
            Tensors = _fileOf.ToDictionary(pair => pair.Key, pair => pair.Value.Tensors[pair.Key], StringComparer.Ordinal);
        }

        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

        public ReadOnlySpan<byte> Bytes(string name) => _fileOf[name].Bytes(name);

        public void ReadFloat32(string name, Span<float> destination) => _fileOf[name].ReadFloat32(name, destination);

        public void Dispose()
        {
            foreach (SafeTensorsFile file in _fileOf.Values)
                file.Dispose();
        }
    }
}
