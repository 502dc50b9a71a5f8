using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace QuantBuild.Benchmarks.Micro;

/// <summary>
/// How kernels are measured: in this process.  BenchmarkDotNet would otherwise build a project per benchmark, which knows nothing of this
/// repository's settings; and so instruction sets are switched off by the same DOTNET_Enable… variables as everywhere.
/// </summary>
internal static class InProcessConfig
{
    public static IConfig Create() => DefaultConfig.Instance
        .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "quantbuild-benchmarks"))
        .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
}
