using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Calibration;

/// <summary>The experts of a model, loaded when first needed, and shared by all samples that run side by side.</summary>
/// <remarks>
/// Where there is room for one of them, who needs the other one waits until nobody uses the first, which goes then. A sample has one expert
/// at a time and never waits with it, so that those who wait always get theirs.
/// </remarks>
/// <param name="open">Loads each.</param>
/// <param name="oneAtATime">Whether there is room for one only.</param>
/// <param name="cancellation">Ends waiting.</param>
internal sealed class SharedExperts(IReadOnlyList<Func<IDenoiser>> open, bool oneAtATime, CancellationToken cancellation) : IDisposable
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    private readonly object _gate = new();
    private readonly Lazy<IDenoiser>[] _experts = [.. open.Select(one => new Lazy<IDenoiser>(one))];
    private readonly int[] _users = new int[open.Count];

    /// <summary>Opens an expert for one caller, who disposes it.</summary>
    /// <param name="expert">Which.</param>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public IDenoiser Open(int expert)
    {
        lock (_gate)
        {
            if (oneAtATime)
                MakeRoomFor(expert);
            _users[expert]++;
        }
        try
        {
            return new Used(_experts[expert].Value.Share(), this, expert);
        }
        catch
        {
            GiveBack(expert);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int expert = 0; expert < _experts.Length; expert++)
            LetGo(expert);
    }

    private void MakeRoomFor(int expert)
    {
        while (_users.Where((_, other) => other != expert).Any(users => users > 0))
        {
            cancellation.ThrowIfCancellationRequested();
            Monitor.Wait(_gate, Glance);
        }
        for (int other = 0; other < _experts.Length; other++)
        {
            if (other != expert)
                LetGo(other);
        }
    }

    private void LetGo(int expert)
    {
        if (!_experts[expert].IsValueCreated)
            return;
        _experts[expert].Value.Dispose();
        _experts[expert] = new Lazy<IDenoiser>(open[expert]);
    }

    private void GiveBack(int expert)
    {
        lock (_gate)
        {
            _users[expert]--;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>An expert of one sample.</summary>
    private sealed class Used(IDenoiser inner, SharedExperts experts, int expert) : IDenoiser
    {
        private bool _isDisposed;

        public void Predict(LatentShape shape, ReadOnlySpan<float> latent, int timestep, WanConditioning conditioning, Span<float> velocity,
            ISiteObserver? observer = null, int threads = 1, CancellationToken ct = default) =>
            inner.Predict(shape, latent, timestep, conditioning, velocity, observer, threads, ct);

        public IDenoiser Share() => experts.Open(expert);

        public void Dispose()
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            inner.Dispose();
            experts.GiveBack(expert);
        }
    }
}
