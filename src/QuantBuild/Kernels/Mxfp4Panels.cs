using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>A weight in MXFP4, unpacked for <see cref="Mxfp4Product"/>: 9/8 of a byte per element.</summary>
/// <remarks>
/// Panels of 32 output rows. Of every 32-block of a panel, byte <c>(k / 4 * 32 + row) * 4 + k % 4</c> is twice the E2M1 value of channel
/// k plus 12, that is 0 to 24: four channels of neighbouring rows lie side by side in a vector. Rows that fill up the last panel are zero.
/// </remarks>
internal sealed unsafe class Mxfp4Panels
{
    internal const int Width = 32;

    /// <summary>The bytes of two codes, even channel first.</summary>
    private static readonly ushort[] BytesOfPair =
        [.. Enumerable.Range(0, 256).Select(pair => (ushort)(ByteOf(pair & 15) | (ByteOf(pair >> 4) << 8)))];

    private readonly int _mostRows;
    private readonly AlignedArray<byte> _bytes;
    private readonly AlignedArray<float> _scales;

    /// <summary>Room for a weight.</summary>
    /// <param name="mostRows">Most output rows that will be loaded at once.</param>
    /// <param name="columns">Input channels.</param>
    public Mxfp4Panels(int mostRows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(mostRows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        _mostRows = mostRows;
        Columns = columns;
        Blocks = Mxfp4.Blocks(columns);
        int panels = PanelsOf(mostRows);
        _bytes = new AlignedArray<byte>(checked(panels * Blocks * Width * Mxfp4.BlockSize));
        _scales = new AlignedArray<float>(panels * Blocks * Width);
    }

    /// <summary>Unpacks a whole weight.</summary>
    /// <param name="codes">E2M1 codes, [rows, <see cref="Mxfp4.CodeBytes"/>(columns)].</param>
    /// <param name="scales">E8M0 scales, [rows, <see cref="Mxfp4.Blocks"/>(columns)].</param>
    /// <param name="rows">Output rows.</param>
    /// <param name="columns">Input channels.</param>
    /// <param name="threads">Threads to use.</param>
    public static Mxfp4Panels Of(ReadOnlySpan<byte> codes, ReadOnlySpan<byte> scales, int rows, int columns, int threads = 1)
    {
        var panels = new Mxfp4Panels(rows, columns);
        panels.Load(codes, scales, rows, threads);
        return panels;
    }

    /// <summary>Output rows.</summary>
    public int Rows { get; private set; }

    /// <summary>Input channels.</summary>
    public int Columns { get; }

    internal int Blocks { get; }

    internal int Count => PanelsOf(Rows);

    /// <summary>Replaces the content.</summary>
    /// <param name="codes">E2M1 codes, [rows, <see cref="Mxfp4.CodeBytes"/>(columns)].</param>
    /// <param name="scales">E8M0 scales, [rows, <see cref="Mxfp4.Blocks"/>(columns)].</param>
    /// <param name="rows">Output rows, at most as many as there is room for.</param>
    /// <param name="threads">Threads to use.</param>
    /// <exception cref="ArgumentException">A length does not fit the shape, or the rows do not fit in.</exception>
    public void Load(ReadOnlySpan<byte> codes, ReadOnlySpan<byte> scales, int rows, int threads = 1)
    {
        if (codes.Length != (long)rows * Mxfp4.CodeBytes(Columns) || scales.Length != (long)rows * Blocks
            || PanelsOf(rows) > PanelsOf(_mostRows))
            throw new ArgumentException($"{codes.Length} bytes of codes and {scales.Length} scales for {rows} x {Columns}");
        Rows = rows;
        fixed (byte* code = codes, scale = scales)
        {
            byte* allCodes = code, allScales = scale;
            Workers.For(Count, threads, panel => Unpack(allCodes, allScales, panel));
        }
    }

    internal byte* BytesOf(int panel, int block) => _bytes.Start + ((((nint)panel * Blocks) + block) * Width * Mxfp4.BlockSize);

    internal float* ScalesOf(int panel, int block) => _scales.Start + ((((nint)panel * Blocks) + block) * Width);

    private void Unpack(byte* codes, byte* scales, int panel)
    {
        int codeBytes = Mxfp4.CodeBytes(Columns);
        for (int o = 0; o < Width; o++)
        {
            nint row = ((nint)panel * Width) + o;
            bool exists = row < Rows;
            float* scaleTarget = ScalesOf(panel, 0) + o;
            for (int block = 0; block < Blocks; block++)
            {
                byte* source = codes + (row * codeBytes) + (block * (Mxfp4.BlockSize / 2));
                var target = (ushort*)(BytesOf(panel, block) + (4 * o));
                for (int pair = 0; pair < Mxfp4.BlockSize / 2; pair += 2, target += 2 * Width)
                {
                    target[0] = BytesOfPair[exists ? source[pair] : 0];
                    target[1] = BytesOfPair[exists ? source[pair + 1] : 0];
                }
                scaleTarget[block * Width] = exists ? E8M0.Decode(scales[(row * Blocks) + block]) * 0.5f : 0;
            }
        }
    }

    private static int ByteOf(int code) => (int)(2 * E2M1.Decode(code)) + 12;

    private static int PanelsOf(int rows) => (rows + Width - 1) / Width;
}
