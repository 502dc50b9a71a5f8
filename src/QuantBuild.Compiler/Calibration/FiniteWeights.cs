using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Stages;
using QuantBuild.Kernels;
using QuantBuild.SafeTensors;
using Finite = QuantBuild.Compiler.Quantizers.Finite;

namespace QuantBuild.Compiler.Calibration;

/// <summary>Finds weights that are not finite where they are, before a run of the model spreads them over everything.</summary>
internal static class FiniteWeights
{
    /// <summary>Checks every tensor of an expert, one at a time.</summary>
    /// <exception cref="DiagnosticException">Some are not finite: the first bad value of each.</exception>
    public static void Require(ExpertSource source)
    {
        var problems = new List<Diagnostic>();
        IReadOnlyDictionary<string, TensorInfo> tensors = source.Checkpoint.Tensors;
        var values = new float[tensors.Values.Max(tensor => tensor.ElementCount)];
        foreach ((string name, TensorInfo tensor) in tensors.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            int rows = tensor.Shape.Count > 1 ? (int)tensor.Shape[0] : 1;
            Span<float> tensorValues = values.AsSpan(0, (int)tensor.ElementCount);
            source.Checkpoint.ReadFloat32(name, tensorValues);
            try
            {
                Finite.Check(NumericException.Weight, new ReadOnlyMatrixView(tensorValues, rows, tensorValues.Length / rows));
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
