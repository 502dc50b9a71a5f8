using QuantBuild.SafeTensors;

namespace QuantBuild.Text;

/// <summary>The rows of an encoder's table that tokens start from; only these are read.</summary>
internal static class TokenEmbedding
{
    private const string Table = "token_embedding.weight";

    /// <summary>Reads the rows of tokens.</summary>
    /// <param name="source">The encoder's tensors under Wan's own names.</param>
    /// <param name="config">Shape of the encoder.</param>
    /// <param name="ids">Token ids.</param>
    /// <returns>[ids, dim].</returns>
    /// <exception cref="ArgumentException">There is no id, or one is not in the vocabulary.</exception>
    public static float[] Read(ITensorSource source, TextEncoderConfig config, ReadOnlySpan<int> ids)
    {
        ArgumentOutOfRangeException.ThrowIfZero(ids.Length);
        TensorInfo table = source.Tensors[Table];
        int rowBytes = checked((int)(table.ByteLength / config.VocabularySize));
        var x = new float[checked(ids.Length * config.Dim)];
        for (int i = 0; i < ids.Length; i++)
        {
            if (ids[i] < 0 || ids[i] >= config.VocabularySize)
                throw new ArgumentException($"token id {ids[i]} is not in the vocabulary of {config.VocabularySize}", nameof(ids));
            FloatBytes.Read(table.DType, source.Bytes(Table, (long)ids[i] * rowBytes, rowBytes), x.AsSpan(i * config.Dim, config.Dim));
        }
        return x;
    }
}
