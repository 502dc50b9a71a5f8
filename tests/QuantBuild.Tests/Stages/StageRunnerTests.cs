using QuantBuild.Compiler;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Store;

namespace QuantBuild.Tests.Stages;

public sealed class StageRunnerTests
{
    public static TheoryData<Exception, string> Failures => new()
    {
        { new InsufficientMemoryException(), "QB3207" },
        { new SafeTensorsException("MissingTensor", "there is no tensor 'x'", "file.safetensors"), "QB2005" },
        { new IOException("gone"), "QB4" },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void What_is_no_bug_is_a_diagnostic(Exception failure, string code)
    {
        using var folder = new StoreFolder();
        using ContentStore store = folder.Open();
        var runner = new StageRunner(store, SilentObserver.Instance);
        var spec = new ActionSpec(Stage.Gptq, "low_noise", "blocks.0.ffn.2", [], []);

        DiagnosticException reported = Assert.Throws<DiagnosticException>(() => runner.Run(spec, () => throw failure, TestContext.Current.CancellationToken));

        Assert.StartsWith(code, Assert.Single(reported.Diagnostics).Descriptor.Code, StringComparison.Ordinal);
    }
}
