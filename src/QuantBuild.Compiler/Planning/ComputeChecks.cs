using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>Whether the backends that a manifest chooses are installed and can do what it asks for.</summary>
internal static class ComputeChecks
{
    /// <summary>The backends of a build.</summary>
    /// <param name="section">The manifest's choice.</param>
    /// <param name="registry">What is installed.</param>
    /// <param name="problems">
    /// Receives QB3220 for each choice that is not installed, QB3221 for settings without a use, and what a backend says of itself.
    /// </param>
    public static Backends Resolve(ComputeSection section, BackendRegistry registry, List<Diagnostic> problems)
    {
        if (section is { Model: ComputeBackend.Cpu, Layers: ComputeBackend.Cpu })
        {
            Unused("device", section.DeviceSpan);
            Unused("dtype", section.DTypeSpan);
        }
        IComputeBackend? model = Find(section, registry, section.Model, "compute.model", section.ModelSpan, problems);
        IComputeBackend? layers = section.Layers == section.Model && model is not null
            ? model
            : Find(section, registry, section.Layers, "compute.layers", section.LayersSpan, problems);
        return model is null || layers is null ? Backends.Cpu : new Backends(model, layers);

        void Unused(string key, SourceSpan? place)
        {
            if (place is { } span)
                problems.Add(Descriptors.ComputeSettingUnused.At(span, key));
        }
    }

    private static IComputeBackend? Find(ComputeSection section, BackendRegistry registry, ComputeBackend backend, string key,
        SourceSpan place, List<Diagnostic> problems)
    {
        try
        {
            if (registry.Find(backend, section) is { } found)
                return found;
            problems.Add(Descriptors.ComputeNotInstalled.At(place, key, ComputeNames.Backend.NameOf(backend),
                BackendRegistry.PackageOf(backend)));
        }
        catch (DiagnosticException failure)
        {
            // Both groups can fail on one thing.
            problems.AddRange([.. failure.Diagnostics.ExceptBy(problems.Select(known => known.ToString()),
                problem => problem.ToString())]);
        }
        return null;
    }
}
