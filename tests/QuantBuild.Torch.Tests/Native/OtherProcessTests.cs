using System.Diagnostics;
using QuantBuild.Torch.Tests.Measuring;

namespace QuantBuild.Torch.Tests.Native;

/// <summary>What only a fresh process shows: a restart, a folder that is named, and what goes wrong before libtorch is loaded.</summary>
public sealed class OtherProcessTests
{
    private static string Natives => Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");

    [Fact]
    public async Task The_same_bytes_come_twice_and_after_a_restart()
    {
        string here = DigestCommand.Of(Runtimes.BFloat16);

        Assert.Equal(here, DigestCommand.Of(Runtimes.BFloat16));
        Assert.Equal((0, here), await RunAsync(null));
    }

    [Fact]
    public async Task A_folder_that_is_named_is_used_and_gives_the_same_bytes()
    {
        Assert.Equal((0, DigestCommand.Of(Runtimes.BFloat16)), await RunAsync(null, Natives));
        Assert.Equal((0, DigestCommand.Of(Runtimes.BFloat16)), await RunAsync(Natives));
    }

    [Fact]
    public async Task A_folder_without_libtorch_is_named_in_one_sentence()
    {
        (int status, string said) = await RunAsync("/nowhere");

        Assert.NotEqual(0, status);
        Assert.Contains("there is no libtorch in /nowhere, no libtorch_cpu.so", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_library_is_named()
    {
        string folder = Directory.CreateTempSubdirectory("quantbuild-torch-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "libtorch_cpu.so"), "text", TestContext.Current.CancellationToken);
            (int status, string said) = await RunAsync(folder);
            Assert.NotEqual(0, status);
            Assert.Contains("libtorch_cpu.so cannot be loaded", said, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(int Status, string Said)> RunAsync(string? folderByVariable, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(EntryPoint).Assembly.Location, "digest", .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(start.FileName) != "dotnet")
            start.ArgumentList.RemoveAt(0);
        start.Environment["QUANTBUILD_TORCH"] = folderByVariable;
        using Process process = Process.Start(start)!;
        CancellationToken ct = TestContext.Current.CancellationToken;
        Task<string> output = process.StandardOutput.ReadToEndAsync(ct), error = process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return (process.ExitCode, (await output + await error).Trim());
    }
}
