using QuantBuild.SafeTensors;
using QuantBuild.Tests.Models;
using QuantBuild.Torch.Tensors;
using QuantBuild.Torch.Tests.Formats;
using TorchSharp;

namespace QuantBuild.Torch.Tests.Tensors;

public sealed class TensorUploadTests
{
    private static readonly float[] Values = Inputs.Normal(3 * 35, new Random(4));

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Values_are_those_of_the_file_whatever_the_buffer_holds(bool isBFloat16, bool toBFloat16)
    {
        var source = new TensorsInMemory();
        source.Add("x", isBFloat16 ? DType.BF16 : DType.F32, [3, 35], Values);
        torch.ScalarType type = toBFloat16 ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32;
        float[] expected = isBFloat16 || toBFloat16 ? [.. Values.Select(QuantBuild.Formats.BFloat16.Round)] : Values;

        foreach (int bufferBytes in (int[])[1, 7, 64, 1 << 20])
        {
            using torch.Tensor tensor = TensorUpload.Read(source, "x", OnProcessor.Space, type, [5, 21], bufferBytes);
            Assert.Equal((type, 5, 21), (tensor.dtype, tensor.shape[0], tensor.shape[1]));
            Assert.Equal(expected, OnProcessor.Read(tensor));
        }
    }

    [Fact]
    public void Half_precision_is_read_too_and_other_types_are_refused()
    {
        var source = new TensorsInMemory();
        source.Add("x", DType.F16, [105], Values);
        source.Add("wrong", DType.I32, [1], [0, 0, 0, 0]);

        using torch.Tensor tensor = TensorUpload.Read(source, "x", OnProcessor.Space, torch.ScalarType.Float32);

        Assert.Equal(Values.Select(value => (float)(Half)value), OnProcessor.Read(tensor));
        Assert.Throws<SafeTensorsException>(() => TensorUpload.Read(source, "wrong", OnProcessor.Space, torch.ScalarType.Float32));
        Assert.Throws<SafeTensorsException>(() => TensorUpload.Read(source, "none", OnProcessor.Space, torch.ScalarType.Float32));
    }
}
