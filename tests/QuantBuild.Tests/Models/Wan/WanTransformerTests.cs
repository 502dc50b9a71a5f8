using QuantBuild.Kernels;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Models.Wan;

public class WanTransformerTests
{

    [Theory]
    [InlineData("high", 999)]
    [InlineData("high", 950)]
    [InlineData("high", 901)]
    [InlineData("low", 899)]
    [InlineData("low", 500)]
    [InlineData("low", 50)]
    public void Predictions_and_everything_recorded_on_the_way_equal_the_official_model(string expert, int timestep)
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("dit.safetensors"));
        var transformer = new WanTransformer(TinyWan.Weights(expert));
        string prefix = $"{expert}.t{timestep}.";
        var observer = new Comparison(golden, prefix);
        var velocity = new float[16 * TinyWan.Shape.Volume];

        transformer.Predict(TinyWan.Shape, golden.ReadFloat32(prefix + "x"), timestep, Conditioning(golden), velocity, observer);

        Close.Assert(golden.ReadFloat32(prefix + "output"), velocity, 1e-4);
        Assert.Equal(golden.Tensors.Keys.Count(name => name.StartsWith(prefix + "block.", StringComparison.Ordinal)), observer.Compared);
    }

    private static WanConditioning Conditioning(SafeTensorsFile golden)
    {
        float[] context = golden.ReadFloat32("context");
        return new WanConditioning(context, (int)golden.Tensors["context"].Shape[0], golden.ReadFloat32("y"));
    }

    private sealed class Comparison(SafeTensorsFile golden, string prefix) : ISiteObserver
    {
        public int Compared { get; private set; }

        public void Observe(int block, WanSite site, ReadOnlyMatrixView input)
        {
            foreach (string layer in WanLayers.LayersOf(site))
                Compare($"{prefix}block.{block}.{layer}.input", input);
        }

        public void ObserveResidual(int block, ReadOnlyMatrixView residual) => Compare($"{prefix}block.{block}.output", residual);

        private void Compare(string name, ReadOnlyMatrixView values)
        {
            if (!golden.Tensors.TryGetValue(name, out TensorInfo? tensor))
                return;
            Assert.Equal(tensor.Shape, [values.Rows, values.Columns]);
            Close.Assert(golden.ReadFloat32(name), values.Data, 1e-4);
            Compared++;
        }
    }
}
