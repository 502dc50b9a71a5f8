using System.Runtime.InteropServices;

namespace QuantBuild.Torch.Kernels;

/// <summary>The argument of the kernels in <c>quantize.cu</c>, field by field; addresses are those of the device.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct QuantizeWork
{
    public nint X { get; init; }

    public nint Smooth { get; init; }

    public nint Smoothed { get; init; }

    public nint Values { get; init; }

    public nint RowScales { get; init; }

    public nint Fits { get; init; }

    public long Stride { get; init; }

    public int Columns { get; init; }

    public int ExponentOffset { get; init; }

    public float Ratio { get; init; }

    public float Limit { get; init; }

    public int TiesToEven { get; init; }

    public int Rotated { get; init; }
}
