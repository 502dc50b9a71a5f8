using Microsoft.Testing.Platform.Builder;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace QuantBuild.Tests;

/// <summary>The test runner, as xunit would generate it, or a measurement that has this process to itself.</summary>
internal static class EntryPoint
{
    private static async Task<int> Main(string[] args) =>
        OwnProcess.TakeRole() ? 0
        : args.Any(argument => argument is "--server" or "--internal-msbuild-node") ? await TestPlatformTestFramework.RunAsync(args, Extend)
        : await ConsoleRunner.Run(args);

    private static void Extend(ITestApplicationBuilder builder, string[] args) => builder.AddSelfRegisteredExtensions(args);
}
