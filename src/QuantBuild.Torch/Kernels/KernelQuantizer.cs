using QuantBuild.Formats;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Kernels;

/// <summary>Smooths, rotates, rounds and folds an input in one launch: <c>quantize.cu</c>.</summary>
/// <param name="kernels">The compiled kernels.</param>
/// <param name="operations">For what the kernels do not take, with the same bits.</param>
internal sealed class KernelQuantizer(IQuantizeKernels kernels, OperationQuantizer operations) : IInputQuantizer
{
    // As quantize.cu has them.
    private const int Threads = 128;
    private const int Chunk = 8;
    private const int WarpThreads = 32;

    // What a kernel has without asking for more: rows of up to 78,000 channels.
    private const int MaxSharedBytes = 48 << 10;

    // Of vector loads and stores.
    private const int Alignment = 16;

    /// <inheritdoc/>
    public Tensor Smooth(Tensor x, InputForm form) => operations.Smooth(x, form);

    /// <inheritdoc/>
    public Tensor? Round(Tensor x, InputForm form, InputRounding rounding, Tensor target, bool keepsSmoothed)
    {
        if (!Takes(x) || target.dtype != ScalarType.BFloat16 || target.stride(1) != 1 || !IsAligned(target)
            || (x.shape[1] % Chunk == 0 && target.stride(0) % Chunk != 0))
            return operations.Round(x, form, rounding, target, keepsSmoothed);
        return Run("Round", x, form, rounding, keepsSmoothed, sharedBytes: 0, new QuantizeWork
        {
            Values = DataPointer.Of(target), Stride = target.stride(0),
        });
    }

    /// <inheritdoc/>
    public (Fp8Fold.Rows Rows, Tensor? Smoothed) Fold(Tensor x, InputForm form, InputRounding rounding, bool keepsSmoothed)
    {
        long tokens = x.shape[0], columns = (long)Mxfp4.Blocks((int)x.shape[1]) * Mxfp4.BlockSize;
        // A word for each warp; of each chunk its codes and its scale.
        long sharedBytes = (WarpThreads * sizeof(uint)) + (columns / Chunk * (sizeof(uint) + sizeof(byte)));
        if (!Takes(x) || sharedBytes > MaxSharedBytes)
            return operations.Fold(x, form, rounding, keepsSmoothed);
        var rows = new Fp8Fold.Rows(
            empty([tokens, columns], dtype: Fp8Fold.E4M3, device: x.device),
            empty([tokens, 1], dtype: ScalarType.Float32, device: x.device),
            empty([tokens], dtype: ScalarType.Bool, device: x.device));
        return (rows, Run("Fold", x, form, rounding, keepsSmoothed, (int)sharedBytes, new QuantizeWork
        {
            Values = DataPointer.Of(rows.Values), Stride = columns,
            RowScales = DataPointer.Of(rows.Scales), Fits = DataPointer.Of(rows.Fits),
        }));
    }

    private Tensor? Run(string kind, Tensor x, InputForm form, InputRounding rounding, bool keepsSmoothed, int sharedBytes,
        QuantizeWork target)
    {
        Tensor source = !x.is_contiguous() ? x.contiguous() : IsAligned(x) ? x : x.clone();
        Tensor? smoothed = keepsSmoothed ? empty(x.shape, dtype: ScalarType.Float32, device: x.device) : null;
        QuantizeWork work = target with
        {
            X = DataPointer.Of(source),
            Smooth = form.Smooth is null ? 0 : DataPointer.Of(form.Smooth),
            Smoothed = smoothed is null ? 0 : DataPointer.Of(smoothed),
            Columns = (int)x.shape[1],
            ExponentOffset = rounding.Clip.ExponentOffset,
            Ratio = rounding.Clip.BlockRatio,
            Limit = rounding.Clip.Limit,
            TiesToEven = rounding.Ties == TieRule.Even ? 1 : 0,
            Rotated = form.IsRotated ? 1 : 0,
        };
        kernels.Launch($"{kind}{(x.dtype == ScalarType.BFloat16 ? "BFloats" : "Floats")}", (int)x.shape[0], Threads, sharedBytes, work);
        // libtorch gives memory back for what is started later on the same stream, never for what is started already.
        if (!ReferenceEquals(source, x))
            source.Dispose();
        return smoothed;
    }

    private static bool Takes(Tensor x) => x.dtype is ScalarType.Float32 or ScalarType.BFloat16;

    private static bool IsAligned(Tensor tensor) => DataPointer.Of(tensor) % Alignment == 0;
}
