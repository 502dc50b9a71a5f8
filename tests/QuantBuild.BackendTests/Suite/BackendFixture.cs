using QuantBuild.Compiler.Compute;
using QuantBuild.Tests.Scheduling;

namespace QuantBuild.BackendTests;

/// <summary>The backend that a run of the suite is about; has a constructor without parameters.</summary>
internal abstract class BackendFixture
{
    /// <summary>The backend.</summary>
    public abstract IComputeBackend Backend { get; }

    /// <summary>How far its results may lie from exact ones.</summary>
    public abstract Tolerance Tolerance { get; }

    /// <summary>
    /// Beginnings of the SHA-256 of results, in hexadecimal, by their names in <see cref="FingerprintTests"/>: of a profile that is bit
    /// exact. Whoever changes one on purpose gives the profile a new name.
    /// </summary>
    public virtual IReadOnlyDictionary<string, string> Fingerprints => new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// The part of what it declares that the largest step of a layer must be seen to hold. Declared is also what a pool keeps of panels,
    /// for larger products than the suite's.
    /// </summary>
    public virtual double LeastPart => 0.5;

    /// <summary>Bounds of the memory of the process that some work holds: managed memory, unless a backend has another.</summary>
    /// <param name="work">The work, in a process that does nothing else.</param>
    public virtual (long AtLeast, long AtMost) Hold(Action work)
    {
        using var held = new HeldMemory();
        work();
        return held.Take();
    }
}

/// <summary>What a profile promises.</summary>
/// <param name="Model">Largest difference of a velocity, as a part of the largest one: full precision.</param>
/// <param name="Quantized">The same for 4-bit layers, against the processor's.</param>
/// <param name="Sums">Relative difference of sums of squares.</param>
/// <param name="Codes">The part of 4-bit codes that has to be equal.</param>
internal sealed record Tolerance(double Model, double Quantized, double Sums, double Codes);

/// <summary>Tests of a backend.</summary>
public abstract class BackendSuite
{
    internal abstract BackendFixture Fixture { get; }

    internal IComputeBackend Backend => Fixture.Backend;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;
}
