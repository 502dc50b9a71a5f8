using QuantBuild.Compiler.Actions;
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
        var runner = new StageRunner(new BuildStore(store), SilentObserver.Instance);
        var spec = new ActionSpec(BuildStages.Gptq, NumericProfile.Cpu, "low_noise", "blocks.0.ffn.2", [], []);

        DiagnosticException reported =
            Assert.Throws<DiagnosticException>(() => runner.Run(spec, () => throw failure, TestContext.Current.CancellationToken));

        Assert.StartsWith(code, Assert.Single(reported.Diagnostics).Descriptor.Code, StringComparison.Ordinal);
    }

    [Fact]
    public void Draining_keeps_the_action_at_hand_and_begins_no_other()
    {
        using var folder = new StoreFolder();
        using ContentStore store = folder.Open();
        using var drain = new CancellationTokenSource();
        var runner = new StageRunner(new BuildStore(store), SilentObserver.Instance, drain: drain.Token);
        ActionSpec first = new(BuildStages.Gptq, NumericProfile.Cpu, "low_noise", "blocks.0.ffn.0", new() { ["layer"] = 0 }, []),
            second = new(BuildStages.Gptq, NumericProfile.Cpu, "low_noise", "blocks.0.ffn.2", new() { ["layer"] = 2 }, []);

        runner.Run(first, Work(drain.Cancel), TestContext.Current.CancellationToken);
        Assert.ThrowsAny<OperationCanceledException>(() =>
            runner.Run(second, Work(() => Assert.Fail("it began")), TestContext.Current.CancellationToken));

        Assert.NotNull(store.FindAction(first.Key));
        Assert.NotNull(runner.Run(first, Work(() => Assert.Fail("it ran again")), TestContext.Current.CancellationToken));

        static Func<IReadOnlyDictionary<string, BlobRef>> Work(Action work) => () =>
        {
            work();
            return new Dictionary<string, BlobRef>();
        };
    }
}
