using System.Buffers;
using QuantBuild.Matrices;

namespace QuantBuild.Kernels;

/// <summary>
/// One product by several threads that share the packed blocks of B: every element of B is packed once, whoever uses it.
/// </summary>
/// <remarks>
/// The work is a list of small pieces that threads take in its order: packing some panels of a block of B, or multiplying a block of it
/// by some rows of A.  A piece waits only for pieces before it in the list, which somebody has taken already, so there is no deadlock; and
/// a block is packed while the one before it is multiplied, so there is hardly a wait.
/// </remarks>
internal sealed unsafe class GemmTeam<TKernel>
    where TKernel : struct, IGemmKernel
{
    private const int Buffers = 2;

    // A quarter of a megabyte of B, packed in some 50 microseconds.
    private const int ColumnsPerPiece = 96;

    // Of every block: enough that the threads finish nearly together.
    private const int PiecesPerThread = 12;

    // With fewer rows threads would wait for one another; with less depth most of the work is to write C, which goes faster when every
    // thread keeps to a part of its own (measured with 512 bits: a tenth).
    private const int LeastRowsPerThread = 128;
    private const int LeastDepth = 256;

    private readonly GemmProblem _problem;
    private readonly List<Block> _blocks = [];
    private readonly List<Piece> _pieces = [];
    private readonly int _rows;
    private readonly int _rowBlocks;
    private readonly int[] _packed;
    private readonly int[] _multiplied;
    private readonly int[] _depthDone;
    private int _next = -1;
    private volatile bool _stopped;

    private GemmTeam(in GemmProblem problem, int threads)
    {
        _problem = problem;
        _rows = Math.Min(problem.Sizes.Rows,
            GemmBlockSizes.Divide(GemmBlockSizes.Divide(problem.Rows, PiecesPerThread * threads), TKernel.Rows) * TKernel.Rows);
        _rowBlocks = GemmBlockSizes.Divide(problem.Rows, _rows);
        int depthBlock = problem.Sizes.DepthOf(problem.Depth);
        int columnBlocks = GemmBlockSizes.Divide(problem.Columns, problem.Sizes.Columns);
        for (int c = 0; c < columnBlocks; c++)
        {
            int column = c * problem.Sizes.Columns, columns = Math.Min(problem.Sizes.Columns, problem.Columns - column);
            int rowBlocks = GemmBlockSizes.Divide(problem.RowsAbove(column + columns), _rows);
            for (int step = 0; rowBlocks > 0 && step < problem.Depth; step += depthBlock)
                _blocks.Add(new Block(c, column, columns, step, Math.Min(depthBlock, problem.Depth - step), rowBlocks));
        }
        _packed = new int[_blocks.Count];
        _multiplied = new int[_blocks.Count];
        _depthDone = new int[columnBlocks * _rowBlocks];
        Arrange();
    }

    /// <summary>Whether this is the faster way for such a product and so many threads.</summary>
    public static bool Suits(in GemmProblem problem, int threads) =>
        problem.Rows / LeastRowsPerThread >= threads && problem.Depth >= LeastDepth;

    /// <summary>Does the product.</summary>
    public static void Multiply(in GemmProblem problem, int threads)
    {
        var team = new GemmTeam<TKernel>(problem, threads);
        int room = problem.Sizes.RoomForB<TKernel>(problem);
        float[] shared = ArrayPool<float>.Shared.Rent((Buffers * room) + GemmBlockSizes.CacheLine);
        fixed (float* start = shared)
        {
            float* packed = GemmBlockSizes.Align(start);
            Workers.For(threads, threads, _ => team.Work(packed, room), team._problem.Cancellation);
        }
        ArrayPool<float>.Shared.Return(shared);
    }

    /// <summary>
    /// Orders the pieces: the next block is packed when half of one has been multiplied, so that both buffers are in use at any time.
    /// </summary>
    private void Arrange()
    {
        for (int b = 0; b < _blocks.Count; b++)
        {
            if (b == 0)
                AddPacking(b);
            int half = _blocks[b].RowBlocks / 2;
            for (int row = 0; row < _blocks[b].RowBlocks; row++)
            {
                if (row == half && b + 1 < _blocks.Count)
                    AddPacking(b + 1);
                _pieces.Add(new Piece(b, row, Packs: false));
            }
        }
    }

    private void AddPacking(int block)
    {
        for (int piece = 0; piece < _blocks[block].Packings; piece++)
            _pieces.Add(new Piece(block, piece, Packs: true));
    }

    private void Work(float* shared, int room)
    {
        float[] own = ArrayPool<float>.Shared.Rent(_problem.Sizes.RoomForA<TKernel>(_problem) + GemmBlockSizes.CacheLine);
        try
        {
            fixed (float* start = own)
            {
                float* packedA = GemmBlockSizes.Align(start);
                for (int i = Interlocked.Increment(ref _next); i < _pieces.Count; i = Interlocked.Increment(ref _next))
                {
                    _problem.Cancellation.ThrowIfCancellationRequested();
                    Piece piece = _pieces[i];
                    float* packedB = shared + (piece.Block % Buffers * room);
                    if (piece.Packs ? !Pack(piece, packedB) : !Multiply(piece, packedA, packedB))
                        return;
                }
            }
        }
        catch
        {
            _stopped = true;
            throw;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(own);
        }
    }

    private bool Pack(Piece piece, float* packed)
    {
        Block block = _blocks[piece.Block];
        // The buffer's last user must be done with it.
        int before = piece.Block - Buffers;
        if (before >= 0 && !Reached(ref _multiplied[before], _blocks[before].RowBlocks))
            return false;
        int first = piece.Index * ColumnsPerPiece;
        GemmPacking.Pack(_problem.B.From(block.Step, block.Column + first).Transposed, Math.Min(ColumnsPerPiece, block.Columns - first),
            block.Depth,
            TKernel.Columns, negate: false, packed + ((nint)first * block.Depth));
        Interlocked.Increment(ref _packed[piece.Block]);
        return true;
    }

    private bool Multiply(Piece piece, float* packedA, float* packedB)
    {
        Block block = _blocks[piece.Block];
        int row = piece.Index * _rows, rows = Math.Min(_rows, _problem.Rows - row);
        GemmPacking.Pack(_problem.A.From(row, block.Step), rows, block.Depth, TKernel.Rows, _problem.Negate, packedA);
        // The chains of these elements go on where the block above in the depth left them.
        ref int done = ref _depthDone[(block.ColumnBlock * _rowBlocks) + piece.Index];
        if (!Reached(ref _packed[piece.Block], block.Packings) || !Reached(ref done, block.Step))
            return false;
        GemmBlocking<TKernel>.MultiplyBlock(_problem.Part(row, block.Column, rows, block.Columns), block.Depth, packedA, packedB,
            _problem.Accumulate || block.Step > 0);
        Volatile.Write(ref done, block.Step + block.Depth);
        Interlocked.Increment(ref _multiplied[piece.Block]);
        return true;
    }

    /// <summary>Waits until a counter has a value; false when another thread has stopped before.</summary>
    private bool Reached(ref int counter, int value)
    {
        var wait = new SpinWait();
        while (Volatile.Read(ref counter) < value)
        {
            if (_stopped)
                return false;
            wait.SpinOnce(sleep1Threshold: -1);
        }
        return true;
    }

    /// <summary>A block of B, and how many blocks of rows of A it meets.</summary>
    private readonly record struct Block(int ColumnBlock, int Column, int Columns, int Step, int Depth, int RowBlocks)
    {
        public int Packings => GemmBlockSizes.Divide(Columns, ColumnsPerPiece);
    }

    /// <summary>Piece <paramref name="Index"/> of what is to be packed of, or multiplied by, a block.</summary>
    private readonly record struct Piece(int Block, int Index, bool Packs);
}
