using QuantBuild.Compiler.Manifests;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// Whether a layer's input is rotated: by the error that remains, on calibration tokens, when some rows of the weight without their branch
/// are rounded to nearest, and the input with the clip ratio that suits it best.
/// </summary>
/// <remarks>
/// Quick, and good enough to choose by: what a rotation does to the rounding of a block shows without GPTQ and without a refit. The branch
/// is the plain one of eq. (6), which a rotation turns with the weight.
/// </remarks>
internal static class RotationChoice
{
    /// <summary>Least relative reduction of the error for which a layer is rotated: a rotation costs time at run time.</summary>
    public const double LeastGain = 0.01;

    /// <summary>The error with a rotation.</summary>
    /// <param name="rows">
    /// Some rows of the smoothed weight without its branch, not rotated, [rows, in], row-major; rotated in place.
    /// </param>
    /// <param name="tokens">Activations as recorded, in portions, as often as asked.</param>
    /// <param name="form">How they become the input, rotation included.</param>
    /// <param name="recipe">Candidates for the clip ratio.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    public static double Error(MatrixView rows, Func<IEnumerable<Memory<float>>> tokens, InputForm form, ActivationRecipe recipe,
        int threads,
        CancellationToken ct)
    {
        Smoothing.ApplyToWeight(rows, [], threads, form.Rotation);
        ActivationQuantizer quantizer = RatioChoice.Of(tokens(), form, RatioChoice.Importance(rows), recipe, threads, ct);
        float[] rounded = RoundToNearest.Round(rows, recipe.Ties, threads).Dequantize();
        double sum = 0;
        using var portionTokens = new RoundedTokens(form);
        foreach (Memory<float> portion in tokens())
        {
            ct.ThrowIfCancellationRequested();
            portionTokens.Load(portion, quantizer, threads);
            sum += portionTokens.OutputError(rows, new ReadOnlyMatrixView(rounded, rows.Rows, rows.Columns), threads, ct);
        }
        return sum;
    }

    /// <summary>Whether a layer of so many channels can be rotated.</summary>
    public static bool IsPossible(int channels) => channels % Hadamard.Block == 0;
}
