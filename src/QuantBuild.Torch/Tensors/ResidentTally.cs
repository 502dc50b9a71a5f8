namespace QuantBuild.Torch.Tensors;

/// <summary>Counts what is on the device: blocks of an expert, or experts whose weights stay there.</summary>
internal sealed class ResidentTally
{
    /// <summary>How many were brought there, of blocks before anything of them was computed.</summary>
    public int Brought { get; private set; }

    /// <summary>How many are there, or on their way.</summary>
    public int Now { get; private set; }

    /// <summary>The most that were at one time.</summary>
    public int Most { get; private set; }

    /// <summary>One more.</summary>
    public void Add()
    {
        Brought++;
        Now++;
        Most = Math.Max(Most, Now);
    }

    /// <summary>One less.</summary>
    public void Remove() => Now--;

    /// <summary>One more, until the result is disposed of.</summary>
    public IDisposable Hold()
    {
        Add();
        return new Held(this);
    }

    private sealed class Held(ResidentTally tally) : IDisposable
    {
        public void Dispose() => tally.Remove();
    }
}
