using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class OutputDevicesTests
{
    [Fact]
    public void Devices_and_pipes_are_written_to_and_stay()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "devices are made by mknod");
        using var model = new ReducedModel();
        Run(model, "mkfifo", "pipe");
        File.CreateSymbolicLink(model["link"], "/dev/null");
        bool device = Run(model, "mknod", "device", "c", "1", "3") == 0; // only root makes devices
        using var reader = new RunningProcess("cat", ["pipe"], model.Folder, new Dictionary<string, string?>());

        Outcome built = model.Build("--report-file", device ? "device" : "link", "--inputs-file", device ? "device" : "link",
            "--outputs-file", "pipe", "--summary", "link").Expect(0);

        Assert.DoesNotContain("report    ", built.Error, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(model.Output, "artifact.json"), reader.Wait().Expect(0).Out, StringComparison.Ordinal);
        Tool.Run(model.Folder, "report", model.Manifest, "--store", model.Store, "--out", "link").Expect(0);
        Assert.Equal("/dev/null", new FileInfo(model["link"]).LinkTarget);
        Assert.Equal(0, Run(model, "test", "-p", "pipe"));
        Assert.True(!device || Run(model, "test", "-c", "device") == 0, "the device was replaced");
        Assert.Equal(0, Run(model, "test", "-c", "/dev/null"));
        Outcome words = Tool.Run(model.Folder, "report", model.Manifest, "--store", model.Store, "--out", "/dev/stdout").Expect(0);
        Assert.Contains("id=\"data\"", words.Out, StringComparison.Ordinal);
        Assert.Contains("QB4003", Tool.Run(model.Folder, "report", model.Manifest, "--store", model.Store, "--out", "/dev/full")
            .Expect(1).Out, StringComparison.Ordinal);
    }

    private static int Run(ReducedModel model, string program, params string[] arguments)
    {
        using var process = new RunningProcess(program, arguments, model.Folder, new Dictionary<string, string?>());
        return process.Wait().ExitCode;
    }
}
