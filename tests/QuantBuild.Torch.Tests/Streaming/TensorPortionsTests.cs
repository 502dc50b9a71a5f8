using QuantBuild.SafeTensors;
using QuantBuild.Tests.Models;
using QuantBuild.Torch.Native;
using QuantBuild.Torch.Streaming;
using QuantBuild.Torch.Tensors;
using QuantBuild.Torch.Tests.Formats;
using TorchSharp;

namespace QuantBuild.Torch.Tests.Streaming;

public sealed class TensorPortionsTests
{
    // More than are rounded at once.
    private const int Elements = (1 << 16) + 777;

    [Theory]
    [InlineData(DType.F32, torch.ScalarType.Float32)]
    [InlineData(DType.F32, torch.ScalarType.BFloat16)]
    [InlineData(DType.BF16, torch.ScalarType.Float32)]
    [InlineData(DType.BF16, torch.ScalarType.BFloat16)]
    [InlineData(DType.F16, torch.ScalarType.Float32)]
    [InlineData(DType.F16, torch.ScalarType.BFloat16)]
    public void Bytes_are_those_that_an_upload_brings(DType stored, torch.ScalarType type)
    {
        float[] values = Inputs.Normal(Elements, new Random(5));
        // Ties, the ends of the range, zeros, and numbers below the normal ones.
        float[] special = [1.00390625f, 1.01171875f, float.MaxValue, -float.MaxValue, 0, -0f, 1e-39f, float.PositiveInfinity, 65504, 6e-8f];
        special.CopyTo(values, Elements - special.Length);
        var source = new TensorsInMemory();
        source.Add("x", stored, [Elements], values);
        int size = type == torch.ScalarType.Float32 ? 4 : 2;

        using torch.Tensor expected = TensorUpload.Read(source, "x", OnProcessor.Space, type);
        PortionReader reader = TensorPortions.Of(source, "x", type);

        foreach (int portion in (int[])[Elements, 4096, 1000])
        {
            var bytes = new byte[Elements * size];
            for (int first = 0; first < Elements; first += portion)
                reader(first, bytes.AsSpan(first * size, Math.Min(portion, Elements - first) * size));
            Assert.True(expected.bytes.SequenceEqual(bytes));
        }
    }

    [Fact]
    public void What_is_missing_or_of_another_type_is_refused()
    {
        var source = new TensorsInMemory();
        source.Add("wrong", DType.I32, [1], [0, 0, 0, 0]);
        source.Add("x", DType.F32, [1], [0]);

        Assert.Throws<SafeTensorsException>(() => TensorPortions.Of(source, "wrong", torch.ScalarType.Float32));
        Assert.Throws<SafeTensorsException>(() => TensorPortions.Of(source, "none", torch.ScalarType.Float32));
        Assert.Throws<ArgumentOutOfRangeException>(() => TensorPortions.Of(source, "x", torch.ScalarType.Byte));
    }

    [Fact]
    public unsafe void Libtorch_tells_where_a_tensor_is()
    {
        using torch.Tensor tensor = OnProcessor.Space.Of([1f, 2f, 3f], 3), part = tensor.narrow(0, 1, 2);
        fixed (byte* first = tensor.bytes)
            Assert.Equal(((nint)first, (nint)first + 4), (DataPointer.Of(tensor), DataPointer.Of(part)));
    }
}
