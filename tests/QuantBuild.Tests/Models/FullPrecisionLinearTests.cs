using QuantBuild.Matrices;
using QuantBuild.Models;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Kernels;

namespace QuantBuild.Tests.Models;

public class FullPrecisionLinearTests
{
    private const int Tokens = 7, In = 40, Out = 300;

    [Fact]
    public void Every_output_is_one_chain_that_starts_from_the_bias()
    {
        float[] x = ScalarSpecification.Random(1, Tokens * In);
        float[] weight = ScalarSpecification.Random(2, Out * In);
        float[] bias = ScalarSpecification.Random(3, Out);
        var y = new float[Tokens * Out];

        var layer = new FullPrecisionLinear(new ReadOnlyMatrixView(weight, Out, In), bias);
        layer.Apply(new ReadOnlyMatrixView(x, Tokens, In), new MatrixView(y, Tokens, Out), timestep: 0, threads: 2);

        Assert.Equal((In, Out), (layer.InFeatures, layer.OutFeatures));
        for (int i = 0; i < y.Length; i++)
        {
            float sum = bias[i % Out];
            for (int k = 0; k < In; k++)
                sum = MathF.FusedMultiplyAdd(x[(i / Out * In) + k], weight[(i % Out * In) + k], sum);
            Assert.Equal(sum, y[i]);
        }
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void A_mapped_layer_computes_the_same_bits_from_its_file(DType type)
    {
        float[] x = ScalarSpecification.Random(1, Tokens * In);
        float[] bias = ScalarSpecification.Random(3, Out);
        var source = new TensorsInMemory();
        source.Add("w", type, [Out, In], ScalarSpecification.Random(2, Out * In));
        var y = new float[Tokens * Out];
        var mapped = new float[Tokens * Out];

        new FullPrecisionLinear(new ReadOnlyMatrixView(source.ReadFloat32("w"), Out, In), bias)
            .Apply(new ReadOnlyMatrixView(x, Tokens, In), new MatrixView(y, Tokens, Out), 0, 1);
        new MappedLinear(source, "w", bias).Apply(new ReadOnlyMatrixView(x, Tokens, In), new MatrixView(mapped, Tokens, Out), 0, 2);

        Assert.Equal(y, mapped);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        var source = new TensorsInMemory();
        source.Add("w", DType.F32, [3, 2], new float[6]);
        foreach (ILinear layer in (ILinear[])[new FullPrecisionLinear(new ReadOnlyMatrixView(new float[6], 3, 2), new float[3]),
            new MappedLinear(source, "w", new float[3])])
        {
            Assert.Throws<ArgumentException>(() =>
                layer.Apply(new ReadOnlyMatrixView(new float[12], 4, 3), new MatrixView(new float[12], 4, 3), 0, 1));
            Assert.Throws<ArgumentException>(() =>
                layer.Apply(new ReadOnlyMatrixView(new float[8], 4, 2), new MatrixView(new float[16], 4, 4), 0, 1));
            Assert.Throws<ArgumentException>(() =>
                layer.Apply(new ReadOnlyMatrixView(new float[8], 4, 2), new MatrixView(new float[15], 5, 3), 0, 1));
        }
        Assert.Throws<ArgumentException>(() => new FullPrecisionLinear(new ReadOnlyMatrixView(new float[6], 3, 2), new float[2]));
        Assert.Throws<ArgumentException>(() => new MappedLinear(source, "w", new float[2]));
    }
}
