using System.Collections.Immutable;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// Calibration tokens split into a fitting set, two thirds, and a validation set, one third: by samples where there are three, else by
/// steps.
/// </summary>
/// <param name="Samples">Samples that were recorded.</param>
/// <param name="Steps">Indices of the steps, ascending.</param>
internal sealed record CalibrationSplit(int Samples, ImmutableArray<int> Steps)
{
    private const int Parts = 3;

    /// <summary>Whether there is enough to be cut.</summary>
    public bool IsPossible => Samples >= Parts || Steps.Length >= Parts;

    /// <summary>Steps of a part.</summary>
    /// <param name="check">Whether the validation set is meant.</param>
    public ImmutableArray<int> StepsOf(bool check) =>
        Samples >= Parts ? Steps : [.. Steps.Where((_, i) => i % Parts == Parts - 1 == check)];

    /// <summary>Whether a sample belongs to a part.</summary>
    /// <param name="check">Whether the validation set is meant.</param>
    /// <param name="sample">Its index.</param>
    public bool Has(bool check, int sample) => Samples < Parts || sample % Parts == Parts - 1 == check;
}
