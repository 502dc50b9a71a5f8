using Microsoft.Testing.Platform.Builder;
using QuantBuild.Torch.Tests.Measuring;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace QuantBuild.Torch.Tests;

/// <summary>The test runner as xunit would generate it, or one of this program's own commands.</summary>
internal static class EntryPoint
{
    private static async Task<int> Main(string[] args) => args switch
    {
        ["block", .. var rest] => BlockCommand.Run(rest),
        ["digest", .. var rest] => DigestCommand.Run(rest),
        ["kernels"] => KernelsCommand.Run(),
        _ when args.Any(argument => argument is "--server" or "--internal-msbuild-node") =>
            await TestPlatformTestFramework.RunAsync(args, Extend),
        _ => await ConsoleRunner.Run(args),
    };

    private static void Extend(ITestApplicationBuilder builder, string[] args) => builder.AddSelfRegisteredExtensions(args);
}
