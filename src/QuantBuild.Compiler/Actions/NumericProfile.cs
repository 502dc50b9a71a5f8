namespace QuantBuild.Compiler.Actions;

/// <summary>The arithmetic that a result depends on; part of every key.</summary>
/// <param name="Name">
/// Names everything that bytes depend on: the kernels' specification and, where it matters, library, device and element type. A change of
/// any of them needs a new name.
/// </param>
/// <param name="BitExact">Whether the same action gives the same bytes on every machine that has this arithmetic.</param>
internal readonly record struct NumericProfile(string Name, bool BitExact)
{
    /// <summary>Own float32 kernels with a defined rounding per element, equal on every CPU.</summary>
    public static NumericProfile Cpu { get; } = new("cpu-1", BitExact: true);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
