using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Denoisers;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.Tests.Models.Wan;
using QuantBuild.Tool.Commands;

namespace QuantBuild.Tests.Commands;

/// <summary>What a device has to have for a video.</summary>
public sealed class VideoComputeTests
{
    private static readonly LatentShape Shape = new(2, 8, 8);

    [Theory]
    [InlineData(ExpertMemory.Both, 25)]
    [InlineData(ExpertMemory.One, 15)]
    [InlineData(ExpertMemory.None, 6)]
    public void What_is_kept_of_experts_decides(ExpertMemory memory, long needed)
    {
        WanConfig config = TinyWan.Config("high");

        Assert.Equal(0, new VideoCompute(new Device(needed)).HostBytes(config, memory, Shape, is4Bit: true));
        Diagnostic problem = Assert.Single(Assert.Throws<DiagnosticException>(
            () => new VideoCompute(new Device(needed - 1)).HostBytes(config, memory, Shape, is4Bit: true)).Diagnostics);
        Assert.Equal("QB3250", problem.Descriptor.Code);
    }

    /// <summary>A device where weights of an expert take 10 bytes, its blocks 1, and a pass 5.</summary>
    private sealed class Device(long memory) : IComputeBackend
    {
        public string Name => "device";

        public long? DeviceMemory => memory;

        public bool HasOwnMemory => true;

        public IDenoiserFactory Models => CpuBackend.Instance.Models;

        public IEncoderFactory Encoders => CpuBackend.Instance.Encoders;

        public void Start(string needed)
        {
            // It is always ready.
        }

        public NumericProfile ProfileOf(ComputeGroup group) => CpuBackend.Instance.ProfileOf(group);

        public ModelNeed? NeedOf(ModelPlacement placement, ModelElements weights, WanConfig config, LatentShape shape, bool is4Bit) =>
            new(placement.Storage == WeightStorage.Mapped ? 1 : placement.OneAtATime ? 10 : 20, PassBytes: 5, OnDevice: true);

        public ILayerCompute Open(ILayerData layer) => CpuBackend.Instance.Open(layer);

        public ResourceNeed NeedOf(LayerStep step, LayerSpec layer, long tokens, int threads) =>
            CpuBackend.Instance.NeedOf(step, layer, tokens, threads);
    }
}
