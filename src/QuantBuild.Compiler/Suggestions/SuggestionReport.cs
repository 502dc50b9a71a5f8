namespace QuantBuild.Compiler.Suggestions;

/// <summary>Changes to a manifest, and what they do.</summary>
/// <param name="Manifest">Path of the manifest.</param>
/// <param name="Changes">Layers to be treated otherwise, the largest saving of error first.</param>
/// <param name="Overrides">The same as entries of <c>overrides</c>, JSON.</param>
/// <param name="Modules">What was measured, by module: where errors are, and where the bytes go.</param>
/// <param name="Now">The build as it is.</param>
/// <param name="Predicted">The build with the changes, as the sums of what was measured say.</param>
/// <param name="Built">The build with the changes, as it came out; null when nothing may be executed.</param>
/// <param name="Pinned">Layers left alone because an override of the manifest decides their rank or precision.</param>
/// <param name="Applied">Whether the overrides are in the manifest now.</param>
internal sealed record SuggestionReport(string Manifest, IReadOnlyList<SuggestedChange> Changes, IReadOnlyList<string> Overrides,
    IReadOnlyList<SuggestionReport.Module> Modules, SuggestionReport.Effect Now, SuggestionReport.Effect Predicted,
    SuggestionReport.Effect? Built, int Pinned, bool Applied)
{
    /// <summary>Quality and cost of a build.</summary>
    /// <param name="MeanError">Mean relative error over all quantizable layers, kept ones counting 0.</param>
    /// <param name="Bytes">Size of the artifact.</param>
    /// <param name="Share16Bit">Part of the layers' multiplications with 16-bit activations, by a count of weights.</param>
    public sealed record Effect(double MeanError, long Bytes, double Share16Bit);

    /// <summary>All layers of one kind, of both experts.</summary>
    /// <param name="Name">Such as <c>self_attn.o</c>.</param>
    /// <param name="MeanError">Mean relative error now.</param>
    /// <param name="Gain">Error that the first step saves per mebibyte, mean over the layers.</param>
    /// <param name="Layers">How many there are.</param>
    /// <param name="Changed">How many of them change.</param>
    /// <param name="Bytes">Bytes that the changes add.</param>
    public sealed record Module(string Name, double MeanError, double Gain, int Layers, int Changed, long Bytes);
}
