namespace QuantBuild.Models.Wan;

/// <summary>Supplies a linear layer of a block in place of the full-precision one.</summary>
/// <param name="block">Index of the block.</param>
/// <param name="layer">The layer, named as in <see cref="WanLayers.Names"/>.</param>
/// <returns>The layer, or null for the full-precision one of the checkpoint.</returns>
internal delegate ILinear? WanLinearFactory(int block, string layer);
