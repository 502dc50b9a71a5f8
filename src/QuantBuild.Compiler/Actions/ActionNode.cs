using QuantBuild.Compiler.Costs;

namespace QuantBuild.Compiler.Actions;

/// <summary>An action of a build before its key is known, and what it waits for.</summary>
/// <param name="stage">Its kind.</param>
/// <param name="expert">Its expert, or empty.</param>
/// <param name="name">What it works on; a bin's name follows the layer's after a slash.</param>
/// <param name="after">The actions whose results are in its key.</param>
/// <param name="bytes">Bytes of memory with a number of threads.</param>
/// <param name="seconds">Processor time on a machine.</param>
/// <param name="storedBytes">Bytes that it adds to the store.</param>
internal sealed class ActionNode(Stage stage, string expert, string name, IReadOnlyList<ActionNode> after, Func<int, long> bytes,
    Func<MachineSpeed, double> seconds,
    Func<long> storedBytes)
{
    /// <summary>Its kind.</summary>
    public Stage Stage => stage;

    /// <summary>Its expert, or empty.</summary>
    public string Expert => expert;

    /// <summary>What it works on.</summary>
    public string Name => name;

    /// <summary>The actions whose results are in its key.</summary>
    public IReadOnlyList<ActionNode> After => after;

    /// <summary>Bytes of memory it holds at its peak.</summary>
    public long Bytes(int threads) => bytes(threads);

    /// <summary>Processor time on a machine, estimated.</summary>
    public double Seconds(MachineSpeed speed) => seconds(speed);

    /// <summary>Bytes that it adds to the store.</summary>
    public long StoredBytes => storedBytes();

    /// <inheritdoc/>
    public override string ToString() => expert.Length == 0 ? $"{stage} {name}" : $"{stage} {expert} {name}";
}
