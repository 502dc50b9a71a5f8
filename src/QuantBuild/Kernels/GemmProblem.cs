using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>One product over pinned memory: C[m,n] = (Accumulate ? C : 0) + (Negate ? -A : A)[m,k] B[k,n].</summary>
internal readonly unsafe struct GemmProblem
{
    /// <summary>A value of <see cref="Diagonal"/> that asks for every element.</summary>
    public const int Full = int.MaxValue;

    public required int Rows { get; init; }

    public required int Columns { get; init; }

    public required int Depth { get; init; }

    public required Strided A { get; init; }

    public required Strided B { get; init; }

    public required Strided C { get; init; }

    public bool Accumulate { get; init; }

    public bool Negate { get; init; }

    /// <summary>
    /// Only elements with <c>row &lt;= column + Diagonal</c> are wanted. Tiles that hold none are skipped; in a tile that holds some,
    /// the others get their proper value too.
    /// </summary>
    public int Diagonal { get; init; } = Full;

    /// <summary>
    /// 0, or: B lies in panels already (<see cref="PanelMatrixView"/>), this far apart. Rectangles of the product must then begin at a
    /// whole panel.
    /// </summary>
    public nint PanelStride { get; init; }

    /// <summary>Sizes of cache blocks, in which no bit shows.</summary>
    public GemmBlockSizes Sizes { get; init; } = GemmBlockSizes.Here;

    /// <summary>Ends the product between blocks, leaving C half made.</summary>
    public CancellationToken Cancellation { get; init; }

    public GemmProblem()
    {
    }

    /// <summary>The same product with the roles of A and B exchanged: C^T = B^T A^T, whose chains multiply the same pairs.</summary>
    public GemmProblem Transposed => this with
    {
        Rows = Columns,
        Columns = Rows,
        A = B.Transposed,
        B = A.Transposed,
        C = C.Transposed,
    };

    /// <summary>The part of the product that makes a rectangle of C.</summary>
    public GemmProblem Part(int row, int column, int rows, int columns) => this with
    {
        Rows = rows,
        Columns = columns,
        A = A.From(row, 0),
        B = PanelStride == 0 ? B.From(0, column) : B.From(0, column / PanelMatrixView.Width * PanelStride),
        C = C.From(row, column),
        Diagonal = Diagonal == Full ? Full : Diagonal + column - row,
    };

    /// <summary>How many rows, from the first, hold a wanted element left of column <paramref name="end"/>.</summary>
    public int RowsAbove(int end) => (int)Math.Clamp((long)end + Diagonal, 0, Rows);
}
