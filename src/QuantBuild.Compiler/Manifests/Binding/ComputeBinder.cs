using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>The section <c>compute</c>.</summary>
internal static class ComputeBinder
{
    /// <summary>The section with its defaults.</summary>
    public static ComputeSection Bind(ObjectBinder manifest)
    {
        if (manifest.Object("compute", ManifestKeys.Compute) is not { } section)
            return ComputeSection.Default;
        ComputeSection usual = ComputeSection.Default;
        return new ComputeSection(section.Choice("model", ComputeNames.Backend) ?? usual.Model,
            section.Choice("layers", ComputeNames.Backend) ?? usual.Layers)
        {
            Device = section.Choice("device", ComputeNames.Device) ?? usual.Device,
            DType = section.Choice("dtype", ComputeNames.DType) ?? usual.DType,
            ModelSpan = section.SpanOf("model"),
            LayersSpan = section.SpanOf("layers"),
            DeviceSpan = Place("device"),
            DTypeSpan = Place("dtype"),
        };

        SourceSpan? Place(string key) => section.Find(key)?.Span;
    }
}
