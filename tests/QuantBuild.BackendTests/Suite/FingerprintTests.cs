using System.Runtime.InteropServices;
using System.Security.Cryptography;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests;
using QuantBuild.Tests.Models.Wan;

namespace QuantBuild.BackendTests;

/// <summary>Results are functions of their inputs; where a profile is bit exact, the same on every machine and for ever.</summary>
public abstract class FingerprintTests : BackendSuite
{
    private static readonly int[] All = [0, 1, 2];

    [Fact]
    public void A_backend_names_its_arithmetic()
    {
        Assert.NotEmpty(Backend.Name);
        Assert.All(Enum.GetValues<ComputeGroup>(), group => Assert.NotEmpty(Backend.ProfileOf(group).Name));
        Assert.Equal(Backend.ProfileOf(ComputeGroup.Layers), Fixture.Backend.ProfileOf(ComputeGroup.Layers));
    }

    [Theory]
    [InlineData(LayerStep.Rotate)]
    [InlineData(LayerStep.Curve)]
    [InlineData(LayerStep.LowRank)]
    [InlineData(LayerStep.Round)]
    [InlineData(LayerStep.Clip)]
    [InlineData(LayerStep.Measure)]
    internal void A_step_depends_on_no_thread_and_on_no_step_before_it(LayerStep step)
    {
        var layer = new LayerCase(130, 160, Recipes.Of(), tokensPerStep: 600);
        using ILayerCompute fresh = Backend.Open(layer), used = Backend.Open(layer);
        foreach (LayerStep before in Enum.GetValues<LayerStep>())
            StepResult.Of(before, used, layer, [1], threads: 1, Ct);

        string result = StepResult.Of(step, fresh, layer, All, threads: 1, Ct);

        Assert.Equal(result, StepResult.Of(step, fresh, layer, All, threads: 1, Ct));
        Assert.Equal(result, StepResult.Of(step, used, layer, All, threads: 3, Ct));
    }

    [Theory]
    [InlineData(LayerStep.Rotate)]
    [InlineData(LayerStep.Curve)]
    [InlineData(LayerStep.LowRank)]
    [InlineData(LayerStep.Round)]
    [InlineData(LayerStep.Clip)]
    [InlineData(LayerStep.Measure)]
    internal void The_bits_of_a_step_never_change(LayerStep step)
    {
        var layer = new LayerCase(130, 160, Recipes.Of(), tokensPerStep: 600);
        using ILayerCompute compute = Backend.Open(layer);

        AssertFingerprint(step.ToString(), ComputeGroup.Layers, StepResult.Of(step, compute, layer, All, threads: 2, Ct));
    }

    [Fact]
    public void The_bits_of_a_prediction_never_change()
    {
        using SafeTensorsFile golden = SafeTensorsFile.Open(TestData.Golden("dit.safetensors"));
        using ShardedCheckpoint weights = TinyWan.Open("low");
        using IDenoiser model = Backend.Models.Open(TinyWan.Config("low"), weights);
        var velocity = new float[16 * TinyWan.Shape.Volume];

        model.Predict(TinyWan.Shape, golden.ReadFloat32("low.t500.x"), 500, Golden.Conditioning(golden), velocity, ct: Ct);

        AssertFingerprint("Prediction", ComputeGroup.Model,
            Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(velocity))));
    }

    private void AssertFingerprint(string name, ComputeGroup group, string digest)
    {
        if (Backend.ProfileOf(group).BitExact)
            Assert.StartsWith(Fixture.Fingerprints[name], digest, StringComparison.Ordinal);
        else
            Assert.DoesNotContain(name, Fixture.Fingerprints.Keys);
    }
}
