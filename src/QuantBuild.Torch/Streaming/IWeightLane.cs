namespace QuantBuild.Torch.Streaming;

/// <summary>The way of a block's weights to the device.</summary>
internal interface IWeightLane : IDisposable
{
    /// <summary>
    /// On the thread that computes, after room was made: what comes is not written before what was queued earlier is done with that room.
    /// </summary>
    void Open();

    /// <summary>On the reading thread: brings the weights of a block.</summary>
    /// <param name="block">Its weights; there is room for each.</param>
    /// <param name="ct">Cancels between portions.</param>
    void Bring(IReadOnlyList<StreamedTensor> block, CancellationToken ct);

    /// <summary>On the thread that computes, after <see cref="Bring"/>: what is queued from now on sees the weights.</summary>
    void Arrive();

    /// <summary>On the thread that computes: waits until nothing is under way, so that room can be freed.</summary>
    void Drain();
}
