using QuantBuild.Compiler.Allocation;

namespace QuantBuild.Compiler.Suggestions;

/// <summary>A layer to be treated otherwise.</summary>
/// <param name="Expert">Its expert.</param>
/// <param name="Layer">Its name.</param>
/// <param name="Now">How it is treated now.</param>
/// <param name="Then">How it should be.</param>
internal sealed record SuggestedChange(string Expert, string Layer, LayerOption Now, LayerOption Then);
