using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Models.Wan;

namespace QuantBuild.Models;

/// <summary>The 4-bit main branch of a layer: its weight, unpacked once or on every use.</summary>
internal sealed class Mxfp4Main
{
    private const int RowsAtOnce = 512;

    private readonly QuantizedLayer _layer;
    private readonly Mxfp4Panels? _weight;

    public Mxfp4Main(QuantizedLayer layer, WeightStorage storage)
    {
        _layer = layer;
        if (storage == WeightStorage.Resident)
            _weight = Mxfp4Panels.Of(layer.Codes.Span, layer.Scales.Span, layer.OutFeatures, layer.InFeatures);
    }

    /// <summary>y += tokens Wq^T.</summary>
    public void AddTo(MatrixView y, Mxfp4Tokens tokens, int threads)
    {
        if (_weight is not null)
        {
            Mxfp4Product.Add(tokens, _weight, y, threads);
            return;
        }
        int codeBytes = Mxfp4.CodeBytes(_layer.InFeatures), blocks = Mxfp4.Blocks(_layer.InFeatures);
        ReadOnlySpan<byte> codes = _layer.Codes.Span, scales = _layer.Scales.Span;
        var part = new Mxfp4Panels(Math.Min(RowsAtOnce, _layer.OutFeatures), _layer.InFeatures);
        for (int first = 0; first < _layer.OutFeatures; first += RowsAtOnce)
        {
            int rows = Math.Min(RowsAtOnce, _layer.OutFeatures - first);
            part.Load(codes.Slice(first * codeBytes, rows * codeBytes), scales.Slice(first * blocks, rows * blocks), rows, threads);
            Mxfp4Product.Add(tokens, part, y.Slice(0, first, y.Rows, rows), threads);
        }
    }
}
