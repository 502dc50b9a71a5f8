using QuantBuild.Models.Wan;
using QuantBuild.Torch.Layers;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Wan;

/// <summary>The parameters of one expert on the device, shared by denoisers and gone with the last of them.</summary>
internal sealed class WanParameters
{
    private int _users = 1;

    private WanParameters(WanLoader loader)
    {
        Loader = loader;
        WanConfig config = loader.Config;
        PatchEmbedding = loader.Linear("patch_embedding", [config.Dim, config.InDim * 4]);
        TextEmbedding0 = loader.Linear("text_embedding.0");
        TextEmbedding2 = loader.Linear("text_embedding.2");
        TimeEmbedding0 = loader.Row("time_embedding.0");
        TimeEmbedding2 = loader.Row("time_embedding.2");
        TimeProjection = loader.Row("time_projection.1");
        Blocks = [.. Enumerable.Range(0, config.NumLayers).Select(loader.Block)];
        HeadModulation = loader.Vector("head.modulation");
        Head = loader.Row("head.head");
    }

    /// <summary>Shape of the model.</summary>
    public WanConfig Config => Loader.Config;

    /// <summary>Where the parameters came from.</summary>
    public WanLoader Loader { get; }

    public ITorchLinear PatchEmbedding { get; }

    public ITorchLinear TextEmbedding0 { get; }

    public ITorchLinear TextEmbedding2 { get; }

    public ITorchLinear TimeEmbedding0 { get; }

    public ITorchLinear TimeEmbedding2 { get; }

    public ITorchLinear TimeProjection { get; }

    public IReadOnlyList<WanBlockParameters> Blocks { get; }

    public Tensor HeadModulation { get; }

    public ITorchLinear Head { get; }

    /// <summary>Brings an expert to the device; what was brought is released if that fails.</summary>
    public static WanParameters Load(WanLoader loader)
    {
        try
        {
            return new WanParameters(loader);
        }
        catch
        {
            loader.Dispose();
            throw;
        }
    }

    /// <summary>Counts one more denoiser.</summary>
    public WanParameters Share()
    {
        Interlocked.Increment(ref _users);
        return this;
    }

    /// <summary>Counts one denoiser less.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
            Loader.Dispose();
    }
}
