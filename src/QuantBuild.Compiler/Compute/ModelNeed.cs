namespace QuantBuild.Compiler.Compute;

/// <summary>What a model takes while it runs, from shapes alone.</summary>
/// <param name="WeightBytes">Weights that are there at one time.</param>
/// <param name="PassBytes">Activations of a forward pass, at their peak.</param>
/// <param name="OnDevice">Whether both are in the memory of a device of its own, and not in the machine's.</param>
internal sealed record ModelNeed(long WeightBytes, long PassBytes, bool OnDevice)
{
    /// <summary>Both together.</summary>
    public long Bytes => WeightBytes + PassBytes;
}
