using System.Runtime.InteropServices;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Formats;

/// <summary>Products of folded rows by libtorch's <c>_scaled_mm</c>, as far as a device has it.</summary>
/// <remarks>
/// On sm_89 and sm_90 the scales of rows are part of the product. Elsewhere, the processor included, the product takes no scales and they
/// are multiplied to its float32 sums: they are powers of two, so both are the same product.
/// </remarks>
internal sealed class ScaledProduct : IScaledProduct, IDisposable
{
    // float8_e4m3fn comes in as it is; 15 is bfloat16, 6 is float32.
    private const string Script = """
        def rows(a, b, s, t):
            # type: (Tensor, Tensor, Tensor, Tensor) -> Tensor
            return torch._scaled_mm(a, b, s, t, out_dtype=15)

        def whole(a, b, s):
            # type: (Tensor, Tensor, Tensor) -> Tensor
            return torch._scaled_mm(a, b, s, s, out_dtype=6)

        """;

    private readonly torch.jit.CompilationUnit _script = jit.compile(Script);
    private readonly Tensor _one;

    private ScaledProduct(Device device) => _one = ones([1], dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();

    /// <inheritdoc/>
    public bool IsByRow { get; private init; }

    /// <summary>Tries the products that there are on a small problem whose result is known.</summary>
    /// <param name="device">The device.</param>
    /// <returns>The best that is there and right; null for none.</returns>
    public static ScaledProduct? Probe(Device device)
    {
        foreach (bool isByRow in (bool[])[true, false])
        {
            var product = new ScaledProduct(device) { IsByRow = isByRow };
            if (product.IsRight(device))
                return product;
            product.Dispose();
        }
        return null;
    }

    /// <inheritdoc/>
    public Tensor Multiply(Fp8Fold.Rows x, Fp8Fold.Rows w)
    {
        Tensor columns = w.Values.t(), scales = w.Scales.t();
        return IsByRow
            ? (Tensor)_script.invoke("rows", x.Values, columns, x.Scales, scales.contiguous())
            : ((Tensor)_script.invoke("whole", x.Values, columns, _one)).mul_(x.Scales).mul_(scales);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _one.Dispose();
        _script.Dispose();
    }

    private bool IsRight(Device device)
    {
        const int Size = 32;
        using DisposeScope scope = NewDisposeScope();
        try
        {
            // Whole numbers up to 3, whose sums bfloat16 has exactly.
            Tensor values = HeldScalars.Range(0, Size * Size, 1, ScalarType.Float32, device).view(Size, Size).Remainder(4);
            Tensor scales = HeldScalars.Range(0, Size, 1, ScalarType.Float32, device).view(Size, 1).Remainder(2).Times(3)
                .Plus(HeldScalars.One);
            // A power of two in every second row: 1 and 4.
            var rows = new Fp8Fold.Rows(values.to(Fp8Fold.E4M3), scales, scales);
            Tensor expected = values.mul(scales).matmul(values.mul(scales).t());
            return (Multiply(rows, rows).to(ScalarType.Float32) == expected).all().item<bool>();
        }
        catch (ExternalException)
        {
            return false;
        }
    }
}
