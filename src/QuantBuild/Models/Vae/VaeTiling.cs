namespace QuantBuild.Models.Vae;

/// <summary>Working on a video in tiles, one after the other, for pictures whose features do not fit into memory at once.</summary>
/// <remarks>
/// <para>
/// Tiles are squares that overlap; the last of a row ends at the picture's edge. Each runs over the whole video with a past of its own.
/// Where tiles overlap they are averaged with weights that rise over the overlap from the tile's edge on and add up to one, first down,
/// then across.
/// </para>
/// <para>
/// Memory is that of one tile, and 12 bytes for each pixel of the whole video. The result is an approximation: the autoencoder's attention
/// sees a tile instead of a frame, and its convolutions see the edges of tiles. A picture no larger than a tile gives the same bits as
/// without.
/// </para>
/// </remarks>
/// <param name="Size">Height and width of a tile in pixels, a multiple of 8.</param>
/// <param name="Overlap">Least pixels that neighbours have in common, a multiple of 8, at most half the size.</param>
public sealed record VaeTiling(int Size = 256, int Overlap = 64)
{
    /// <summary>Checks the sizes.</summary>
    /// <exception cref="ArgumentException">They are not as they must be.</exception>
    public void Validate()
    {
        if (Size < VaeConfig.SpatialStride || Size % VaeConfig.SpatialStride != 0)
            throw new ArgumentException($"a tile of {Size} pixels; it must be a positive multiple of {VaeConfig.SpatialStride}");
        if (Overlap < 0 || Overlap % VaeConfig.SpatialStride != 0 || 2 * Overlap > Size)
            throw new ArgumentException(
                $"an overlap of {Overlap} pixels; it must be a multiple of {VaeConfig.SpatialStride} up to half the tile's {Size}");
    }
}
