using QuantBuild.Compiler.LinearAlgebra;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Matrices;

namespace QuantBuild.Tests.Quantizers;

public sealed class WeightSpectrumTests
{
    [Fact]
    public void Singular_values_are_those_of_the_full_decomposition()
    {
        const int Outputs = 160, Inputs = 96;
        var random = new Random(3);
        float[] data = [.. Enumerable.Range(0, Outputs * Inputs).Select(i => (float)(random.NextDouble() - 0.5) / (1 + (i % Inputs)))];
        var weight = new ReadOnlyMatrixView(data, Outputs, Inputs);

        var singular = WeightSpectrum.SingularOf(weight, seed: 5, threads: 2, TestContext.Current.CancellationToken);

        float[] exact = TruncatedSvd.Exact(weight, Inputs, TestContext.Current.CancellationToken).SingularValues;
        Assert.Equal(WeightSpectrum.Most, singular.Length);
        Assert.All(singular.Zip(exact), pair => Assert.Equal(pair.Second, pair.First, 0.02 * exact[0]));
        Assert.Equal(exact.Sum(value => (double)value * value), WeightSpectrum.EnergyOf(weight), 1e-4 * exact[0] * exact[0]);
    }

    [Fact]
    public void Parts_are_of_the_whole_energy()
    {
        var spectrum = new WeightSpectrum([3, 2], Energy: 20, Rest: 8);

        Assert.Equal(0.6, spectrum.Held, 12);
        Assert.Equal(13.0 / 20, spectrum.MostHeld(2)!.Value, 12);
        Assert.Null(spectrum.MostHeld(3));
        Assert.Equal(0, new WeightSpectrum([0], 0, 0).Held);
    }
}
