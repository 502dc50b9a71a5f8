using System.Runtime.InteropServices;
using QuantBuild.SafeTensors;
using QuantBuild.Text;
using QuantBuild.Torch.Native;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;
using GELU = TorchSharp.Modules.GELU;

namespace QuantBuild.Torch.Text;

/// <summary>The UMT5 encoder on a device.</summary>
/// <remarks>
/// A weight is brought there when it is needed and released after it: a prompt needs each of them once, and together they are as large as
/// an expert. Norms, scores and the residual stream are float32.
/// </remarks>
/// <param name="config">Shape of the encoder.</param>
/// <param name="source">Its tensors; must stay open.</param>
/// <param name="space">The device.</param>
internal sealed class TorchTextEncoder(TextEncoderConfig config, ITensorSource source, TensorSpace space) : ITextEncoder
{
    private readonly ITensorSource _source = TextEncoderNames.Check(config, source).Source;

    /// <inheritdoc/>
    public int Dim => config.Dim;

    /// <inheritdoc/>
    public float[] Encode(ReadOnlySpan<int> ids, int threads = 1, CancellationToken ct = default)
    {
        float[] embedded = TokenEmbedding.Read(_source, config, ids);
        try
        {
            using TensorWork work = space.Begin();
            Tensor x = space.Of(embedded, ids.Length, config.Dim);
            for (int block = 0; block < config.NumLayers; block++)
            {
                ct.ThrowIfCancellationRequested();
                Run(TextEncoderNames.BlockPrefix(block), x);
            }
            TensorSpace.CopyToHost(Normalize(x, "norm.weight"), MemoryMarshal.AsBytes(embedded.AsSpan()));
            return embedded;
        }
        catch (ExternalException e) when (TorchErrors.IsOutOfMemory(e))
        {
            throw TorchErrors.OutOfMemory(e, space.Device, $"a prompt of {embedded.Length / config.Dim} tokens");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing outlives a call.
    }

    private void Run(string prefix, Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        x.Accumulate(Attend(prefix, Normalize(x, prefix + "norm1.weight")));
        x.Accumulate(FeedForward(prefix, Normalize(x, prefix + "norm2.weight")));
    }

    private Tensor Attend(string prefix, Tensor x)
    {
        long tokens = x.shape[0];
        Tensor q = Heads(prefix + "attn.q", x), k = Heads(prefix + "attn.k", x), v = Heads(prefix + "attn.v", x);
        float[] bias = RelativePositions.Bias(_source.ReadFloat32(prefix + "pos_embedding.embedding.weight"), (int)tokens, config);
        Tensor scores = q.matmul(k.transpose(1, 2)).Accumulate(space.Of(bias, config.NumHeads, tokens, tokens));
        return Linear(prefix + "attn.o", scores.softmax(-1).matmul(v).transpose(0, 1).reshape(tokens, config.AttentionDim));
    }

    /// <summary>A projection by head, [heads, tokens, channels] float32.</summary>
    private Tensor Heads(string name, Tensor x) => Linear(name, x).to(ScalarType.Float32)
        .view(x.shape[0], config.NumHeads, config.AttentionDim / config.NumHeads).transpose(0, 1);

    private Tensor FeedForward(string prefix, Tensor x)
    {
        Tensor gate = nn.functional.gelu(Linear(prefix + "ffn.gate.0", x), GELU.Approximate.tanh);
        return Linear(prefix + "ffn.fc2", gate.mul_(Linear(prefix + "ffn.fc1", x)));
    }

    private Tensor Linear(string name, Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = TensorUpload.Read(_source, name + ".weight", space, space.Type);
        return nn.functional.linear(x.to(space.Type), weight).MoveToOuterDisposeScope();
    }

    private Tensor Normalize(Tensor x, string gain)
    {
        Tensor scale = x.Squared().mean([-1], keepdim: true).Plus(config.Eps).rsqrt();
        return (x * scale).mul_(TensorUpload.Read(_source, gain, space, ScalarType.Float32));
    }
}
