using System.Runtime.InteropServices;
using QuantBuild.Formats;
using QuantBuild.Kernels;
using QuantBuild.Torch.Formats;
using QuantBuild.Torch.Kernels;
using QuantBuild.Torch.Tensors;
using QuantBuild.Torch.Tests.Formats;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Tests.Kernels;

/// <summary>The kernel's text on a processor against plain operations, bit for bit.</summary>
public sealed class KernelQuantizerTests : IDisposable
{
    private const int Rows = 64;

    private static readonly TensorSpace Space = OnProcessor.BFloat16;

    private readonly ProcessorKernels _kernels = new();
    private readonly Mxfp4Tables _tables = new(Space);
    private readonly OperationQuantizer _operations;
    private readonly KernelQuantizer _quantizer;

    public KernelQuantizerTests()
    {
        _operations = new OperationQuantizer(Space, _tables, byStages: true);
        _quantizer = new KernelQuantizer(_kernels, _operations);
    }

    public static TheoryData<bool, float, int, float?> Settings => new()
    {
        { true, 1f, 0, null },
        { false, 1f, 0, null },
        { true, 0.7f, 1, null },
        { false, 0.51f, -1, null },
        { true, 0.9f, 130, null },
        { false, 0.9f, -130, null },
        { true, 1f, 0, 0.75f },
        { false, 1f, 2, 1e-39f },
    };

    [Theory]
    [MemberData(nameof(Settings))]
    public void Every_bit_is_that_of_plain_operations(bool isEven, float ratio, int offset, float? threshold)
    {
        var rounding = new InputRounding(new ClipSetting(ratio, offset, threshold), isEven ? TieRule.Even : TieRule.Zero);
        int launches = 0;
        foreach (int columns in (int[])[32, 96, 71, 80, 1, 1056])
        {
            float[] values = Inputs.Adversarial(Rows, columns, new Random(columns)), vector = [.. Inputs.Normal(columns, new Random(1))
                .Select(value => MathF.Abs(value) + 0.01f)];
            using DisposeScope scope = NewDisposeScope();
            Tensor floats = Space.Of(values, Rows, columns), smooth = Space.Of(vector, columns);
            foreach (Tensor x in (Tensor[])[floats, floats.to(ScalarType.BFloat16)])
            {
                Compare(x, new InputForm(null, IsRotated: false), rounding);
                Compare(x, new InputForm(smooth, IsRotated: false), rounding);
                launches += 4;
                if (columns % Mxfp4.BlockSize == 0)
                {
                    Compare(x, new InputForm(smooth, IsRotated: true), rounding);
                    launches += 2;
                }
            }
        }
        Assert.Equal(launches, _kernels.Launches);
    }

    [Fact]
    public void Rows_of_the_real_widths_are_the_same_too()
    {
        foreach (int columns in (int[])[5120, 13824])
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor x = Space.Of(Inputs.Normal(3 * columns, new Random(columns)), 3, columns).to(ScalarType.BFloat16);
            Compare(x, new InputForm(Space.Of(Inputs.Normal(columns, new Random(1)), columns), IsRotated: true),
                new InputRounding(new ClipSetting(0.8f), TieRule.Even));
        }
        Assert.Equal(4, _kernels.Launches);
    }

    [Fact]
    public void Every_exponent_and_every_midpoint_of_a_block_is_rounded_the_same()
    {
        float[] units = [0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5, 6, 1, 1.5f];
        float[] x = [.. Enumerable.Range(-149, 277).SelectMany(exponent => units.SelectMany(unit =>
        {
            float value = (float)(unit * Math.Pow(2, exponent));
            return (float[])[value, MathF.BitDecrement(value), -MathF.BitIncrement(value)];
        })).Where(float.IsFinite)];
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = Space.Of([.. x.SelectMany(value => Enumerable.Repeat(0f, 31).Prepend(value))], x.Length, 32);
        foreach (TieRule ties in Enum.GetValues<TieRule>())
            Compare(rows, new InputForm(null, IsRotated: false), new InputRounding(ClipSetting.None, ties));
    }

    [Fact]
    public void Memory_that_vectors_cannot_take_and_rows_that_are_apart_are_copied_first()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor whole = Space.Of(Inputs.Normal((8 * 96) + 3, new Random(1)), (8 * 96) + 3);
        var rounding = new InputRounding(ClipSetting.None, TieRule.Even);

        Compare(whole.narrow(0, 3, 8 * 96).view(8, 96), new InputForm(null, IsRotated: false), rounding);
        Compare(whole.narrow(0, 0, 8 * 96).view(96, 8).t(), new InputForm(null, IsRotated: false), rounding);

        Assert.Equal(4, _kernels.Launches);
    }

    [Fact]
    public void What_the_kernel_does_not_take_is_left_to_plain_operations()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = Space.Of(Inputs.Normal(96, new Random(1)), 1, 96), floats = empty([1, 96]);
        var (form, rounding) = (new InputForm(null, IsRotated: false), new InputRounding(ClipSetting.None, TieRule.Even));

        _quantizer.Round(x, form, rounding, floats, keepsSmoothed: false);
        _quantizer.Round(x.to(ScalarType.Float64), form, rounding, floats, keepsSmoothed: false);
        Assert.Null(_quantizer.Round(cat([x, x], 0), form, rounding, empty([2, 97]).to(ScalarType.BFloat16).narrow(1, 0, 96), false));
        _quantizer.Fold(zeros([1, 100_000]), form, rounding, keepsSmoothed: false);

        Assert.Equal(0, _kernels.Launches);
    }

    [Fact]
    public void Rotation_by_stages_adds_in_the_order_of_the_processors_kernel()
    {
        float[] values = Inputs.Adversarial(16, 96, new Random(1)), expected = [.. values];
        unsafe
        {
            fixed (float* first = expected)
                Hadamard.ApplyScalar(first, expected.Length);
        }
        using DisposeScope scope = NewDisposeScope();

        Assert.Equal(expected, OnProcessor.Read(HadamardStages.Apply(Space.Of(values, 16, 96))));
    }

    [Fact]
    public void The_check_on_opening_passes_the_kernel_and_refuses_one_that_is_wrong_in_a_detail()
    {
        Assert.True(QuantizerCheck.Agree(_quantizer, _operations, CPU));
        Assert.False(Agrees(work => work with { Ratio = work.Ratio * 1.000001f }));
        Assert.False(Agrees(work => work with { TiesToEven = 1 }));
        Assert.False(Agrees(work => work with { ExponentOffset = Math.Max(-1, work.ExponentOffset) }));
        Assert.False(Agrees(work => work with { Limit = float.PositiveInfinity }));
        Assert.False(Agrees(work => work with { Smooth = 0 }));
        Assert.False(Agrees(work => work with { Rotated = 0 }));
    }

    public void Dispose()
    {
        _operations.Dispose();
        _tables.Dispose();
        _kernels.Dispose();
    }

    private bool Agrees(Func<QuantizeWork, QuantizeWork> falsify) =>
        QuantizerCheck.Agree(new KernelQuantizer(new ProcessorKernels { Falsify = falsify }, _operations), _operations, CPU);

    private void Compare(Tensor x, InputForm form, InputRounding rounding)
    {
        using DisposeScope scope = NewDisposeScope();
        long columns = (x.shape[1] + 7) / 8 * 8;
        Tensor expected = ones([x.shape[0], columns + 8], ScalarType.BFloat16), actual = expected.clone();
        Tensor smoothed = _operations.Round(x, form, rounding, expected.narrow(1, 0, x.shape[1]), keepsSmoothed: true)!;
        Assert.Null(_quantizer.Round(x, form, rounding, actual.narrow(1, 0, x.shape[1]), keepsSmoothed: false));
        Assert.Equal(Bytes(expected), Bytes(actual));

        (Fp8Fold.Rows rows, _) = _operations.Fold(x, form, rounding, keepsSmoothed: false);
        (Fp8Fold.Rows folded, Tensor? kept) = _quantizer.Fold(x, form, rounding, keepsSmoothed: true);
        Assert.Equal(OnProcessor.Read(smoothed), OnProcessor.Read(kept!));
        Assert.Equal(Bytes(rows.Values), Bytes(folded.Values));
        Assert.Equal(Bytes(rows.Scales), Bytes(folded.Scales));
        Assert.Equal(Bytes(rows.Fits), Bytes(folded.Fits));
    }

    private static byte[] Bytes(Tensor tensor)
    {
        var bytes = new byte[tensor.numel() * tensor.element_size()];
        TensorSpace.CopyToHost(tensor, bytes);
        return bytes;
    }
}
