using QuantBuild.Torch.Tensors;

namespace QuantBuild.Torch.Streaming;

/// <summary>
/// The weights of an expert's blocks during one forward pass: while a block computes, a thread reads those of the next one, and no others
/// are on the device.
/// </summary>
/// <remarks>Tensors are made and freed on the thread that computes; the other one only writes their bytes.</remarks>
internal sealed class BlockStream : IDisposable
{
    private readonly IReadOnlyList<IReadOnlyList<StreamedTensor>> _blocks;
    private readonly TensorSpace _space;
    private readonly IWeightLane _lane;
    private readonly ResidentTally _tally;
    private readonly Action<int> _announce;
    private readonly CancellationToken _ct;
    private readonly CancellationTokenSource _ended;
    private Task _reading = Task.CompletedTask;
    private int _current = -1;
    private int _next = -1;

    /// <summary>Begins a pass, and asks for its first block.</summary>
    /// <param name="blocks">The weights of every block.</param>
    /// <param name="space">The device.</param>
    /// <param name="lane">The way there.</param>
    /// <param name="tally">Counts.</param>
    /// <param name="announce">Tells the system that a block's part of the file will be read; called on the reading thread.</param>
    /// <param name="ct">Cancels the pass.</param>
    public BlockStream(IReadOnlyList<IReadOnlyList<StreamedTensor>> blocks, TensorSpace space, IWeightLane lane, ResidentTally tally,
        Action<int> announce, CancellationToken ct)
    {
        _blocks = blocks;
        _space = space;
        _lane = lane;
        _tally = tally;
        _announce = announce;
        _ct = ct;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        try
        {
            Ask(0);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Makes a block the current one: waits for its weights, frees those of the one before, and asks for the next one's.</summary>
    /// <param name="block">Its index: one more than that of the last call.</param>
    /// <exception cref="OperationCanceledException">The pass was cancelled.</exception>
    public void Enter(int block)
    {
        Release(ref _current);
        try
        {
            // What the reading thread threw is thrown here.
            _reading.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            _ct.ThrowIfCancellationRequested();
            throw;
        }
        _lane.Arrive();
        (_current, _next) = (block, -1);
        Ask(block + 1);
    }

    /// <summary>Ends the pass, wherever it is: the reading thread has ended, and nothing is on the device, when it returns.</summary>
    public void Dispose()
    {
        _ended.Cancel();
        // What it has to say is of no use any more: the pass is over, or has failed by itself.
        Task.WhenAny(_reading).GetAwaiter().GetResult();
        _ = _reading.Exception;
        try
        {
            if (_next >= 0)
                _lane.Drain();
        }
        finally
        {
            Release(ref _next);
            Release(ref _current);
            _ended.Dispose();
        }
    }

    private void Ask(int block)
    {
        if (block == _blocks.Count)
            return;
        IReadOnlyList<StreamedTensor> weights = _blocks[block];
        _next = block;
        _tally.Add();
        foreach (StreamedTensor tensor in weights)
            tensor.Make(_space);
        _lane.Open();
        CancellationToken ct = _ended.Token;
        _reading = Task.Factory.StartNew(() =>
        {
            ct.ThrowIfCancellationRequested();
            _announce(block);
            _lane.Bring(weights, ct);
        }, ct, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private void Release(ref int block)
    {
        if (block < 0)
            return;
        foreach (StreamedTensor tensor in _blocks[block])
            tensor.Release();
        _tally.Remove();
        block = -1;
    }
}
