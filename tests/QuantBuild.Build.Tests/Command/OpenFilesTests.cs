using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class OpenFilesTests
{
    /// <summary>
    /// An expert of TinyWan has 60 layers of three blobs, one of Wan2.2-A14B 400: as many files at once as many systems allow a process.
    /// </summary>
    [Fact]
    public void A_build_needs_fewer_open_files_than_it_has_blobs()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the limit is set by ulimit");
        using var model = new ReducedModel();
        model.Write(ReducedModel.Text(rank: 1, ratios: "1.0", steps: 4)
            .Replace("""{ "match": "*", "precision": "bf16" },""", """{ "match": "*", "weights": { "method": "rtn" } },""",
                StringComparison.Ordinal)
            .Replace("""{ "match": "blocks.0.ffn.*", "precision": "w4a4" }""", "", StringComparison.Ordinal));
        using var build =
            new RunningProcess("bash",
                ["-c", "ulimit -n 140 && exec dotnet exec \"$@\"", "quantbuild", Repository.Tool, .. model.Arguments()], model.Folder,
                    new Dictionary<string, string?>());

        ActionLine[] actions = ActionLine.Parse(build.Wait().Expect(0));

        Assert.Equal(120, actions.Count(action => action.Stage == "Gptq"));
        Assert.Equal(2, actions.Count(action => action.Stage == "Pack"));
    }
}
