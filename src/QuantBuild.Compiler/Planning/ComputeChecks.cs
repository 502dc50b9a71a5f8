using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>The arithmetic that a manifest chooses, held against what is installed.</summary>
internal static class ComputeChecks
{
    /// <summary>The profiles of a build's stages.</summary>
    /// <param name="section">The manifest's choice.</param>
    /// <param name="problems">Receives QB3220 for each choice that is not installed, and QB3221 for settings without a use.</param>
    public static StageProfiles Resolve(ComputeSection section, List<Diagnostic> problems)
    {
        if (section is { Model: ComputeBackend.Cpu, Layers: ComputeBackend.Cpu })
        {
            Unused("device", section.DeviceSpan);
            Unused("dtype", section.DTypeSpan);
        }
        return new StageProfiles(Of(section.Model, "compute.model", section.ModelSpan),
            Of(section.Layers, "compute.layers", section.LayersSpan));

        void Unused(string key, SourceSpan? place)
        {
            if (place is { } span)
                problems.Add(Descriptors.ComputeSettingUnused.At(span, key));
        }

        NumericProfile Of(ComputeBackend backend, string key, SourceSpan place)
        {
            if (backend != ComputeBackend.Cpu)
                problems.Add(Descriptors.ComputeNotInstalled.At(place, key, ComputeNames.Backend.NameOf(backend), PackageOf(backend)));
            return NumericProfile.Cpu;
        }
    }

    private static string PackageOf(ComputeBackend backend) => backend switch
    {
        ComputeBackend.Torch => "QuantBuild.Compiler.Torch",
        _ => throw new ArgumentOutOfRangeException(nameof(backend)),
    };
}
