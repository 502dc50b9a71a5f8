using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class OutputOverInputTests
{
    [Fact]
    public void No_list_summary_or_report_is_written_over_what_the_build_reads()
    {
        using var model = new ReducedModel();
        byte[] manifest = File.ReadAllBytes(model.Manifest);

        foreach (string option in (string[])["--inputs-file", "--outputs-file", "--summary", "--report-file"])
        {
            Outcome refused = model.Build(option, model.Manifest).Expect(1);

            Assert.Contains("error QB4080: ", refused.Out, StringComparison.Ordinal);
            Assert.Equal(manifest, File.ReadAllBytes(model.Manifest));
        }
        model.Build("--inputs-file", model["list"]).Expect(0);
        string lockFile = File.ReadAllLines(model["list"])[1];
        byte[] locked = File.ReadAllBytes(lockFile);
        File.CreateSymbolicLink(model["link"], lockFile);
        Assert.Contains("error QB4080: ", model.Build("--until", "calibrate", "--inputs-file", lockFile).Expect(1).Out,
            StringComparison.Ordinal);
        Assert.Contains("error QB4080: ", model.Build("--summary", model["link"]).Expect(1).Out, StringComparison.Ordinal);
        Assert.Equal(locked, File.ReadAllBytes(lockFile));
        model.Build("--inputs-file", model["list"], "--summary", model["summary.md"]).Expect(0);
    }
}
