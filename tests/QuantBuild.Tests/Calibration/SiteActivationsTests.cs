using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Store;

namespace QuantBuild.Tests.Calibration;

public sealed class SiteActivationsTests
{
    [Fact]
    public void More_tokens_than_an_array_can_hold_are_a_diagnostic()
    {
        using var folder = new StoreFolder();
        using ContentStore store = folder.Open();
        BlobRef recording = store.StoreTensors(
            TensorData.BFloat16("tokens", [1, 1024, 512], new ushort[1024 * 512]),
            TensorData.Of("absmax", [1, 512], new float[512]));
        using SiteActivations activations = SiteActivations.Open(store, [recording.Digest]);

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => activations.Read([.. Enumerable.Repeat(0, 5000)]));

        Assert.Equal("QB3206", Assert.Single(failure.Diagnostics).Descriptor.Code);
    }
}
