namespace QuantBuild.Pipelines;

/// <summary>What a pipeline keeps of its experts in memory.</summary>
public enum ExpertMemory
{
    /// <summary>One at a time, loaded when its first step comes: half the memory, two loads per video.</summary>
    One,

    /// <summary>Both, from their first use on: for many videos.</summary>
    Both,

    /// <summary>None: weights are read from their files on every step, which any amount of memory allows.</summary>
    None,
}
