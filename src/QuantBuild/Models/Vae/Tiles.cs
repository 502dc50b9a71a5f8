namespace QuantBuild.Models.Vae;

/// <summary>The tiles of a picture: taken out of planes, and put together again.</summary>
/// <param name="height">Latent rows of the picture.</param>
/// <param name="width">Latent columns.</param>
/// <param name="tiling">Sizes of tiles.</param>
/// <param name="outScale">Elements of the result per latent element.</param>
internal sealed class Tiles(int height, int width, VaeTiling tiling, int outScale)
{
    private readonly TileAxis _rows = TileAxis.Lay(height, tiling, outScale);
    private readonly TileAxis _columns = TileAxis.Lay(width, tiling, outScale);

    /// <summary>Latent rows of a tile.</summary>
    public int Height => _rows.Size;

    /// <summary>Latent columns of a tile.</summary>
    public int Width => _columns.Size;

    /// <summary>All tiles, row by row, by their places on both sides.</summary>
    public IEnumerable<(int Row, int Column)> All => Enumerable.Range(0, _rows.Starts.Length)
        .SelectMany(row => Enumerable.Range(0, _columns.Starts.Length), (row, column) => (row, column));

    /// <summary>Copies a tile out of planes.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="planes">[planes, height, width] at a scale.</param>
    /// <param name="scale">Elements of the planes per latent element.</param>
    /// <param name="destination">[planes, tile height, tile width] at that scale.</param>
    public void Cut((int Row, int Column) tile, ReadOnlySpan<float> planes, int scale, Span<float> destination)
    {
        int rowLength = width * scale, plane = height * scale * rowLength, tileWidth = Width * scale, tileHeight = Height * scale;
        int origin = (_rows.Starts[tile.Row] * scale * rowLength) + (_columns.Starts[tile.Column] * scale);
        for (int p = 0; p < planes.Length / plane; p++)
        {
            for (int y = 0; y < tileHeight; y++)
                planes.Slice((p * plane) + origin + (y * rowLength), tileWidth).CopyTo(destination[(((p * tileHeight) + y) * tileWidth)..]);
        }
    }

    /// <summary>Adds a tile's share to planes of the result.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="source">[planes, tile height, tile width] at the scale of the result.</param>
    /// <param name="planes">[planes, height, width] at that scale.</param>
    public void Blend((int Row, int Column) tile, ReadOnlySpan<float> source, Span<float> planes)
    {
        int rowLength = width * outScale, plane = height * outScale * rowLength, tileWidth = Width * outScale,
            tileHeight = Height * outScale;
        int origin = (_rows.Starts[tile.Row] * outScale * rowLength) + (_columns.Starts[tile.Column] * outScale);
        float[] down = _rows.Weights[tile.Row], across = _columns.Weights[tile.Column];
        for (int p = 0; p < planes.Length / plane; p++)
        {
            for (int y = 0; y < tileHeight; y++)
            {
                ReadOnlySpan<float> from = source.Slice(((p * tileHeight) + y) * tileWidth, tileWidth);
                Span<float> to = planes.Slice((p * plane) + origin + (y * rowLength), tileWidth);
                for (int x = 0; x < tileWidth; x++)
                    to[x] = MathF.FusedMultiplyAdd(down[y] * across[x], from[x], to[x]);
            }
        }
    }
}
