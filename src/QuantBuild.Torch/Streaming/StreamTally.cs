namespace QuantBuild.Torch.Streaming;

/// <summary>What was counted of an expert whose blocks are streamed, over all its passes.</summary>
internal sealed class StreamTally
{
    /// <summary>Blocks whose weights were asked for before anything of the block was computed.</summary>
    public int AskedAhead { get; private set; }

    /// <summary>Blocks that are on the device, or on their way there.</summary>
    public int Resident { get; private set; }

    /// <summary>The most that were at one time.</summary>
    public int MostResident { get; private set; }

    /// <summary>A block's weights are asked for, and have room.</summary>
    public void Ask()
    {
        AskedAhead++;
        Resident++;
        MostResident = Math.Max(MostResident, Resident);
    }

    /// <summary>A block's weights are gone.</summary>
    public void Release() => Resident--;
}
