using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Compute.Cpu;

/// <summary>What layers of a site lose by sharing a smoothing vector, on calibration tokens; every build measures it here.</summary>
/// <remarks>
/// Some rows of each weight, smoothed one way and the other, are rounded to nearest, and the input with them: the branch is left out on
/// both sides.
/// </remarks>
internal static class SharedSmoothing
{
    /// <summary>The errors of a layer.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="weights">Has its weight.</param>
    /// <param name="tokens">Its input as recorded.</param>
    /// <param name="steps">The steps whose tokens are used, ascending.</param>
    /// <param name="shared">The vector of the site.</param>
    /// <param name="own">The layer's own.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <exception cref="NumericException">A value is not finite.</exception>
    public static ShareErrors Of(LayerSpec layer, ITensorSource weights, IRecordedTokens tokens, IReadOnlyCollection<int> steps,
        float[] shared,
        float[] own, int threads, CancellationToken ct)
    {
        int count = Math.Min(WeightRows.Most, layer.OutFeatures), channels = layer.InFeatures;
        var rows = new float[count * channels];
        for (int i = 0; i < count; i++)
        {
            long row = (long)i * layer.OutFeatures / count;
            weights.ReadFloat32(layer.WeightName, row * channels, rows.AsSpan(i * channels, channels));
        }
        return new ShareErrors(Error([.. rows], shared), Error(rows, own));

        double Error(float[] some, float[] scale)
        {
            var matrix = new MatrixView(some, count, channels);
            Smoothing.ApplyToWeight(matrix, scale, threads);
            return RotationChoice.Error(matrix, () => tokens.Portions(steps, CpuLayer.PortionRows(layer)),
                new InputForm(channels, scale, Rotation.None), layer.Recipe.Activations, threads, ct);
        }
    }

    /// <summary>Bytes that it holds.</summary>
    public static long Bytes(LayerSpec layer) => (4L * CpuLayer.PortionRows(layer) * ((4L * layer.InFeatures) + WeightRows.Most))
        + (16L * WeightRows.Most * layer.InFeatures);
}
