using System.Collections.Immutable;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Calibration;

/// <summary>What calibration gives: recordings of every site.</summary>
/// <param name="Samples">Digests of the samples, or of their recordings when those are from outside.</param>
/// <param name="BySite">
/// Recordings in the order of samples, by <see cref="ActivationRecorder.OutputName"/>; null when the runner only looks and one is missing.
/// </param>
/// <param name="Files">Files from outside, to be closed; null for none.</param>
internal sealed record Recordings(ImmutableArray<Digest> Samples, IReadOnlyDictionary<string, IReadOnlyList<Recording>>? BySite,
    IDisposable? Files) : IDisposable
{
    /// <summary>Recordings from outside, which the result owns.</summary>
    public static Recordings Of(ExternalActivations external) => new(external.Samples, external.Recordings, external);

    /// <inheritdoc/>
    public void Dispose() => Files?.Dispose();
}
