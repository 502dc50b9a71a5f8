using System.Buffers;
using QuantBuild.Formats;

namespace QuantBuild.SafeTensors;

/// <summary>Tensors stored in 8-bit floats, with or without scales, as float32: <c>value = scale * code</c>, one product each.</summary>
/// <remarks>
/// A scale belongs to a weight by name: <c>x.scale_weight</c> (ComfyUI) or <c>x.weight_scale</c> (compressed-tensors) beside
/// <c>x.weight</c>; one for the tensor, or one per row ([out] or [out, 1]). Scales, the markers <c>scaled_fp8</c> and
/// <c>x.comfy_quant</c>, and scales of activations (<c>x.scale_input</c>, <c>x.input_scale</c>) are no tensors of the model and do not
/// show; neither do scales of 1 that ComfyUI's older files have beside weights that are no 8-bit floats.
/// </remarks>
internal sealed class Fp8Tensors : ComputedTensors
{
    private const int Piece = 1 << 18;

    private static readonly string[] ActivationScales = [".scale_input", ".input_scale"];

    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, float[]> _scales = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _scaleNames = new(StringComparer.Ordinal);

    private Fp8Tensors(ITensorSource source) : base(source)
    {
    }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    /// <summary>
    /// Names of the scales of activations that were left out: they serve 8-bit products, and here activations get their own.
    /// </summary>
    public IReadOnlyList<string> Ignored { get; private set; } = [];

    /// <summary>Name of the tensor that scales another; null for none.</summary>
    public string? ScaleOf(string name) => _scaleNames.GetValueOrDefault(name);

    /// <summary>Whether a tensor is stored in 8-bit floats.</summary>
    public bool IsFp8(string name) => IsComputed(name);

    /// <summary>Whether a source has anything in 8-bit floats.</summary>
    public static bool Has(ITensorSource source) => source.Tensors.Values.Any(tensor => IsFp8(tensor.DType));

    /// <summary>The view of a source.</summary>
    /// <exception cref="SafeTensorsException">A scale has another shape or element type, or belongs to no tensor.</exception>
    public static Fp8Tensors Of(ITensorSource source)
    {
        var view = new Fp8Tensors(source);
        var ignored = new List<string>();
        foreach ((string name, TensorInfo tensor) in source.Tensors.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (IsMarker(name))
                continue;
            if (ActivationScales.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal)))
                ignored.Add(name);
            else if (WeightOf(name) is { } weight && source.Tensors.TryGetValue(weight, out TensorInfo? scaled))
            {
                if (IsFp8(scaled.DType))
                    view.AddScale(name, scaled);
                else
                    RequireOne(source, name, scaled);
            }
            else
                view._tensors.Add(name, IsFp8(tensor.DType) ? Entry(name, tensor.Shape, tensor.ElementCount) : tensor);
        }
        view.Ignored = ignored;
        return view;
    }

    /// <inheritdoc/>
    protected override bool IsComputed(string name) => Source.Tensors.TryGetValue(name, out TensorInfo? tensor) && IsFp8(tensor.DType);

    /// <inheritdoc/>
    protected override void Compute(string name, long first, Span<float> destination)
    {
        TensorInfo tensor = Source.Tensors[name];
        ReadOnlySpan<float> values = tensor.DType == DType.F8_E4M3 ? Float8.E4M3 : Float8.E5M2;
        float[] scales = _scales.GetValueOrDefault(name) ?? [1];
        long columns = scales.Length == 1 ? long.MaxValue : tensor.ElementCount / scales.Length;
        byte[] codes = ArrayPool<byte>.Shared.Rent(Math.Min(Piece, destination.Length));
        try
        {
            for (int done = 0; done < destination.Length; done += Piece)
            {
                Span<float> piece = destination.Slice(done, Math.Min(Piece, destination.Length - done));
                Source.Read(name, first + done, codes.AsSpan(0, piece.Length));
                for (int i = 0; i < piece.Length;)
                {
                    long at = first + done + i, row = at / columns;
                    int end = (int)Math.Min(piece.Length, i + (columns - (at % columns)));
                    for (float scale = scales[row]; i < end; i++)
                        piece[i] = scale * values[codes[i]];
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(codes);
        }
    }

    /// <summary>What programs put beside weights to say that they are quantized; the element types say the same.</summary>
    private static bool IsMarker(string name) => name == "scaled_fp8" || name.EndsWith(".scaled_fp8", StringComparison.Ordinal)
        || name.EndsWith(".comfy_quant", StringComparison.Ordinal);

    private static void RequireOne(ITensorSource source, string name, TensorInfo scaled)
    {
        TensorInfo scale = source.Tensors[name];
        if (scale.DType is not (DType.F32 or DType.F16 or DType.BF16) || scale.ElementCount != 1 || source.ReadFloat32(name)[0] != 1)
            throw new SafeTensorsException("WrongDType",
                $"'{name}' scales '{scaled.Name}', which is {scaled.DType}: only weights in 8-bit floats have scales other than 1");
    }

    private void AddScale(string name, TensorInfo scaled)
    {
        TensorInfo scale = Source.Tensors[name];
        if (scale.DType is not (DType.F32 or DType.F16 or DType.BF16))
            throw new SafeTensorsException("WrongDType", $"scale '{name}' is {scale.DType}; scales are F32, F16 or BF16");
        bool one = scale.ElementCount == 1;
        bool perRow = scaled.Shape.Count > 1 && scale.Shape.Count >= 1 && scale.Shape[0] == scaled.Shape[0]
            && scale.ElementCount == scaled.Shape[0];
        if (!one && !perRow)
        {
            throw new SafeTensorsException("WrongShape", $"scale '{name}' is [{string.Join(',', scale.Shape)}]; a weight of "
                + $"[{string.Join(',', scaled.Shape)}] has one scale, or one per row");
        }
        if (!_scaleNames.TryAdd(scaled.Name, name))
            throw new SafeTensorsException("DuplicateTensor", $"'{name}' and '{_scaleNames[scaled.Name]}' scale the same tensor");
        _scales.Add(scaled.Name, Source.ReadFloat32(name));
    }

    /// <summary>The tensor that a scale's name belongs to; null when it is no scale's name.</summary>
    private static string? WeightOf(string name) =>
        name.EndsWith(".scale_weight", StringComparison.Ordinal) ? name[..^".scale_weight".Length] + ".weight"
        : name.EndsWith(".weight_scale", StringComparison.Ordinal) ? name[..^"_scale".Length]
        : null;

    private static bool IsFp8(DType type) => type is DType.F8_E4M3 or DType.F8_E5M2;
}
