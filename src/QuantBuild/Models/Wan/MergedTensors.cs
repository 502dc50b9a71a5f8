using System.Buffers;
using QuantBuild.Kernels;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Wan;

/// <summary>An expert's tensors with LoRA files merged into them: <c>W + strength (alpha / rank) B A + strength D</c>.</summary>
/// <remarks>
/// For every element, in float32: w starts as the checkpoint's value; file after file, <c>s</c> is the chain
/// <c>s = fma(b_ot, a_ti, s)</c> over ascending t from 0, then <c>w = fma(factor, s, w)</c>, and with a full-weight difference
/// <c>w = fma(strength, d, w)</c>. Nothing is written to disk, and no merged tensor is kept.
/// </remarks>
internal sealed class MergedTensors : ComputedTensors
{
    private const int PanelElements = 1 << 20;

    private readonly Dictionary<string, List<LoraChange>> _changes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorInfo> _tensors;

    /// <summary>Merges files, in their order.</summary>
    /// <param name="source">The expert's tensors, by their original names; must stay open, as the files must.</param>
    /// <param name="files">Files that were matched with it.</param>
    public MergedTensors(ITensorSource source, IEnumerable<LoraFile> files) : base(source)
    {
        foreach ((string name, LoraChange change) in files.SelectMany(file => file.Changes))
        {
            if (!_changes.TryGetValue(name, out List<LoraChange>? changes))
                _changes.Add(name, changes = []);
            changes.Add(change);
        }
        _tensors = source.Tensors.ToDictionary(entry => entry.Key,
            entry => _changes.ContainsKey(entry.Key) ? Entry(entry.Key, entry.Value.Shape, entry.Value.ElementCount) : entry.Value,
            StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>What changes a tensor, in order; empty for one that is as it was.</summary>
    public IReadOnlyList<LoraChange> ChangesOf(string name) => _changes.GetValueOrDefault(name) ?? [];

    /// <inheritdoc/>
    protected override bool IsComputed(string name) => _changes.ContainsKey(name);

    /// <inheritdoc/>
    protected override void Compute(string name, long first, Span<float> destination)
    {
        Source.ReadFloat32(name, first, destination);
        TensorInfo tensor = Source.Tensors[name];
        long columns = Columns(tensor);
        foreach (LoraChange change in ChangesOf(name))
        {
            if (change.Down is not null)
                AddProduct(change, columns, first, destination);
            if (change.Difference is not null)
                AddDifference(change, first, destination);
        }
    }

    private static long Columns(TensorInfo tensor) =>
        tensor.Shape.Count == 0 || tensor.Shape[0] == 0 ? 1 : Math.Max(1, tensor.ElementCount / tensor.Shape[0]);

    private static void AddProduct(LoraChange change, long columns, long first, Span<float> destination)
    {
        SafeTensorsFile file = change.Lora.File;
        int width = checked((int)columns);
        float[] down = file.ReadFloat32(change.Down!);
        int panelRows = (int)Math.Max(1, PanelElements / columns);
        float[] product = ArrayPool<float>.Shared.Rent(panelRows * width), up = ArrayPool<float>.Shared.Rent(panelRows * change.Rank);
        try
        {
            for (int done = 0; done < destination.Length;)
            {
                long at = first + done, row = at / columns;
                int skipped = (int)(at % columns);
                int rows = (int)Math.Min(panelRows, (skipped + (long)(destination.Length - done) + columns - 1) / columns);
                int count = (int)Math.Min(destination.Length - done, ((long)rows * width) - skipped);
                file.ReadFloat32(change.Up!, row * change.Rank, up.AsSpan(0, rows * change.Rank));
                Gemm.Multiply(new ReadOnlyMatrixView(up.AsSpan(0, rows * change.Rank), rows, change.Rank),
                    new ReadOnlyMatrixView(down, change.Rank, width), new MatrixView(product.AsSpan(0, rows * width), rows, width));
                AddScaled(change.Factor, product.AsSpan(skipped, count), destination.Slice(done, count));
                done += count;
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(product);
            ArrayPool<float>.Shared.Return(up);
        }
    }

    private static void AddDifference(LoraChange change, long first, Span<float> destination)
    {
        float[] difference = ArrayPool<float>.Shared.Rent(Math.Min(PanelElements, destination.Length));
        try
        {
            for (int done = 0; done < destination.Length; done += PanelElements)
            {
                Span<float> part = destination.Slice(done, Math.Min(PanelElements, destination.Length - done));
                change.Lora.File.ReadFloat32(change.Difference!, first + done, difference.AsSpan(0, part.Length));
                AddScaled(change.Strength, difference.AsSpan(0, part.Length), part);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(difference);
        }
    }

    /// <summary><c>y = fma(factor, x, y)</c> element by element.</summary>
    private static void AddScaled(float factor, ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < y.Length; i++)
            y[i] = MathF.FusedMultiplyAdd(factor, x[i], y[i]);
    }
}
