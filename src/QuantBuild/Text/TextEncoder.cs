using QuantBuild.Kernels;
using QuantBuild.Matrices;
using QuantBuild.Models;
using QuantBuild.SafeTensors;

namespace QuantBuild.Text;

/// <summary>The UMT5 encoder: token ids to an embedding per token.</summary>
/// <remarks>
/// A Transformer with normalization before every branch, attention without scaling whose scores get a bias per head and relative
/// position from a table of each block's own, and a feed-forward network gated by GELU (tanh form).  Weights stay in their file and
/// are widened a panel at a time, so that memory is one block's activations whatever the size of the model.
/// </remarks>
internal sealed class TextEncoder : ITextEncoder
{
    private readonly TextEncoderConfig _config;
    private readonly CheckedTensors _tensors;

    /// <summary>Takes an open checkpoint.</summary>
    /// <param name="config">Shape of the encoder.</param>
    /// <param name="source">Its tensors, under Wan's own names or those of the Transformers library; must stay open.</param>
    /// <exception cref="SafeTensorsException">A tensor is missing, of another shape, or no float.</exception>
    public TextEncoder(TextEncoderConfig config, ITensorSource source)
    {
        _config = config;
        _tensors = TextEncoderNames.Check(config, source);
    }

    /// <summary>Width of an embedding.</summary>
    public int Dim => _config.Dim;

    /// <summary>Bytes that <see cref="Encode"/> takes at the most, beside the pages of the file that it reads.</summary>
    /// <param name="config">Shape of the encoder.</param>
    /// <param name="tokens">Number of ids.</param>
    /// <param name="threads">Threads to use.</param>
    public static long EncodingBytes(TextEncoderConfig config, int tokens, int threads)
    {
        // Gains, biases and the table of positions.
        const long Vectors = 1 << 18;

        // A thread's packed panels of a product, 5 MiB that a pool rounds up to 8.
        const long PerThread = 8 << 20;
        long stream = 2L * tokens * config.Dim, scores = (long)tokens * tokens;
        long attention = (5L * tokens * config.AttentionDim) + (config.NumHeads * scores) + (threads * scores);
        long feedForward = 2L * tokens * config.FfnDim;
        return (threads * PerThread)
            + (sizeof(float)
                * (Vectors + stream + Math.Max(attention, feedForward) + ((long)tokens * config.Dim)
                    + MappedLinear.PanelElements(Math.Max(config.FfnDim, config.AttentionDim))));
    }

    /// <inheritdoc/>
    public float[] Encode(ReadOnlySpan<int> ids, int threads = 1, CancellationToken ct = default)
    {
        float[] x = TokenEmbedding.Read(_tensors.Source, _config, ids);
        var normal = new float[x.Length];
        for (int block = 0; block < _config.NumLayers; block++)
        {
            ct.ThrowIfCancellationRequested();
            string prefix = TextEncoderNames.BlockPrefix(block);
            Normalize(x, prefix + "norm1.weight", normal);
            Add(x, Attend(prefix, normal, threads, ct));
            Normalize(x, prefix + "norm2.weight", normal);
            Add(x, FeedForward(prefix, normal, threads, ct));
        }
        Normalize(x, "norm.weight", normal);
        return normal;
    }

    /// <summary>Does nothing: weights are the source's, and memory is the garbage collector's.</summary>
    public void Dispose()
    {
    }

    private float[] Attend(string prefix, float[] x, int threads, CancellationToken ct)
    {
        int tokens = x.Length / _config.Dim;
        float[] q = Linear(prefix + "attn.q", x, threads, ct), k = Linear(prefix + "attn.k", x, threads, ct),
            v = Linear(prefix + "attn.v", x, threads, ct);
        float[] table = _tensors.Source.ReadFloat32(prefix + "pos_embedding.embedding.weight");
        var mixed = new float[q.Length];
        BiasedAttention.Apply(q, k, v, RelativePositions.Bias(table, tokens, _config), _config.NumHeads, tokens, mixed, threads, ct);
        return Linear(prefix + "attn.o", mixed, threads, ct);
    }

    private float[] FeedForward(string prefix, float[] x, int threads, CancellationToken ct)
    {
        float[] gate = Linear(prefix + "ffn.gate.0", x, threads, ct), hidden = Linear(prefix + "ffn.fc1", x, threads, ct);
        Activations.GeluTanh(gate, gate, threads);
        for (int i = 0; i < hidden.Length; i++)
            hidden[i] *= gate[i];
        return Linear(prefix + "ffn.fc2", hidden, threads, ct);
    }

    private float[] Linear(string name, float[] x, int threads, CancellationToken ct)
    {
        var layer = new MappedLinear(_tensors.Source, name + ".weight", new float[_tensors.Source.Tensors[name + ".weight"].Shape[0]]);
        int tokens = x.Length / layer.InFeatures;
        var y = new float[tokens * layer.OutFeatures];
        layer.Apply(new ReadOnlyMatrixView(x, tokens, layer.InFeatures), new MatrixView(y, tokens, layer.OutFeatures), timestep: 0, threads,
            ct);
        return y;
    }

    private void Normalize(float[] x, string gain, float[] y)
    {
        int tokens = x.Length / _config.Dim;
        RmsNorm.Apply(new ReadOnlyMatrixView(x, tokens, _config.Dim), _tensors.Source.ReadFloat32(gain), _config.Eps,
            new MatrixView(y, tokens, _config.Dim));
    }

    private static void Add(float[] x, float[] delta) =>
        Residual.Add(new MatrixView(x, 1, x.Length), new ReadOnlyMatrixView(delta, 1, delta.Length));
}
