using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Stages;

namespace QuantBuild.Compiler;

/// <summary>Quality thresholds of the manifest: a layer beyond one fails the build at the manifest's line.</summary>
public static class Gates
{
    /// <summary>Checks every layer.</summary>
    /// <exception cref="DiagnosticException">A threshold is exceeded; all violations are in it.</exception>
    public static void Check(QuantManifest manifest, IReadOnlyList<LayerQuality> layers)
    {
        GatesSection gates = manifest.Gates;
        Diagnostic[] violations =
        [
            .. layers.Where(layer => layer.Recipe > gates.MaxRelativeError).Select(layer =>
                Descriptors.GateRelativeError.At(gates.MaxRelativeErrorSpan, layer.Expert, layer.Layer, Math.Round(layer.Recipe, 4), gates.MaxRelativeError)),
            .. layers.Where(layer => layer.Rtn > 0 && layer.Recipe / layer.Rtn > gates.MaxErrorVsRtn).Select(layer =>
                Descriptors.GateErrorVsRtn.At(gates.MaxErrorVsRtnSpan, layer.Expert, layer.Layer, Math.Round(layer.Recipe / layer.Rtn, 4), gates.MaxErrorVsRtn)),
        ];
        if (violations.Length > 0)
            throw new DiagnosticException(violations);
    }
}
