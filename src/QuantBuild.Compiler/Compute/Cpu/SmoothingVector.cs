using QuantBuild.Compiler.Quantizers;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Compute.Cpu;

/// <summary>The smoothing vector of layers that read one activation, eq. (5). It is next to no work: every build makes it here.</summary>
internal static class SmoothingVector
{
    // Elements of a weight that are in memory at once.
    private const int PanelSize = 1 << 22;

    /// <summary>Computes it.</summary>
    /// <param name="layers">The layers that share it.</param>
    /// <param name="weights">Has their weights.</param>
    /// <param name="activationAbsmax">Largest magnitude of every channel of their input, [in].</param>
    /// <param name="ct">Ends the work between panels.</param>
    /// <returns>[in]: activations are divided by it, weights multiplied.</returns>
    /// <exception cref="NumericException">A weight or a maximum is not finite.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public static float[] Of(IReadOnlyList<LayerSpec> layers, ITensorSource weights, float[] activationAbsmax, CancellationToken ct)
    {
        int channels = activationAbsmax.Length;
        var weightAbsmax = new float[channels];
        int panelRows = Math.Max(1, PanelSize / channels);
        var panel = new float[Math.Min(panelRows, layers.Max(layer => layer.OutFeatures)) * channels];
        foreach (LayerSpec layer in layers)
        {
            for (int first = 0; first < layer.OutFeatures; first += panelRows)
            {
                ct.ThrowIfCancellationRequested();
                int rows = Math.Min(panelRows, layer.OutFeatures - first);
                weights.ReadFloat32(layer.WeightName, (long)first * channels, panel.AsSpan(0, rows * channels));
                Smoothing.AccumulateAbsmax(new ReadOnlyMatrixView(panel, rows, channels), weightAbsmax, first);
            }
        }
        var scale = new float[channels];
        Smoothing.Scale(activationAbsmax, weightAbsmax, layers[0].Recipe.Smooth.Alpha, scale);
        return scale;
    }
}
