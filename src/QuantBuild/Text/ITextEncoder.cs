namespace QuantBuild.Text;

/// <summary>Token ids to an embedding per token, for one caller at a time.</summary>
internal interface ITextEncoder : IDisposable
{
    /// <summary>Width of an embedding.</summary>
    int Dim { get; }

    /// <summary>Embeds tokens; there is no padding.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="threads">Threads to use.</param>
    /// <param name="ct">Cancels between blocks.</param>
    /// <returns>[ids, <see cref="Dim"/>].</returns>
    /// <exception cref="ArgumentException">There is no id, or one is not in the vocabulary.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    float[] Encode(ReadOnlySpan<int> ids, int threads = 1, CancellationToken ct = default);
}
