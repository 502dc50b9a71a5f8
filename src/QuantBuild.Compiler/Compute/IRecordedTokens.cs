namespace QuantBuild.Compiler.Compute;

/// <summary>What calibration recorded of a layer's input.</summary>
internal interface IRecordedTokens
{
    /// <summary>Samples that were recorded.</summary>
    int Samples { get; }

    /// <summary>Tokens recorded in the given steps over all samples.</summary>
    /// <param name="steps">Indices of the expert's steps.</param>
    long Rows(IReadOnlyCollection<int> steps);

    /// <summary>
    /// The tokens of the given steps as float32 rows, sample by sample and step by step, in portions of the same size but for the last.
    /// Every portion reuses one buffer, which the reader may write to.
    /// </summary>
    /// <param name="steps">Indices of the expert's steps, ascending; those that a sample has not recorded are left out.</param>
    /// <param name="rows">Rows of a portion.</param>
    /// <param name="samples">Tells which samples, by index; null for all.</param>
    IEnumerable<Memory<float>> Portions(IReadOnlyCollection<int> steps, int rows, Func<int, bool>? samples = null);
}
