using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Work;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;
using Finite = QuantBuild.Compiler.Quantizers.FiniteValues;

namespace QuantBuild.Compiler.Calibration;

/// <summary>Finds weights that are not finite where they are, before a run of the model spreads them over everything.</summary>
internal static class FiniteWeights
{
    /// <summary>Elements in memory at once.</summary>
    public const int PanelSize = 1 << 22;

    /// <summary>Checks every tensor of an expert, a panel of rows at a time.</summary>
    /// <exception cref="DiagnosticException">Some are not finite: the first bad value of each.</exception>
    public static void Require(ExpertSource source, CancellationToken cancellation)
    {
        var problems = new List<Diagnostic>();
        IReadOnlyDictionary<string, TensorInfo> tensors = source.Checkpoint.Tensors;
        var panel = new float[Math.Min(PanelSize, tensors.Values.Max(tensor => tensor.ElementCount))];
        foreach ((string name, TensorInfo tensor) in tensors.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            long rows = tensor.Shape.Count > 1 ? tensor.Shape[0] : 1;
            int columns = (int)(tensor.ElementCount / Math.Max(1, rows));
            int atOnce = (int)Math.Clamp(PanelSize / Math.Max(1, columns), 1, Math.Max(1, rows));
            if (panel.Length < atOnce * columns)
                panel = new float[atOnce * columns];
            try
            {
                for (long first = 0; first < rows; first += atOnce)
                {
                    cancellation.ThrowIfCancellationRequested();
                    int count = (int)Math.Min(atOnce, rows - first);
                    source.Checkpoint.ReadFloat32(name, first * columns, panel.AsSpan(0, count * columns));
                    FiniteValues.CheckPart(NumericException.Weight, new ReadOnlyMatrixView(panel, count, columns), (int)first);
                }
            }
            catch (NumericException e)
            {
                problems.Add(e.ToDiagnostic($"{source.Plan.Name} {name}"));
            }
        }
        if (problems.Count > 0)
            throw new DiagnosticException(problems);
    }
}
