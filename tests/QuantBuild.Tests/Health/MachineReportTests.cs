using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Health;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Health;

public sealed class MachineReportTests : IDisposable
{
    private const string Secret = "hf_aSecretOfThisTest";

    private readonly string _folder = Directory.CreateTempSubdirectory("health").FullName;
    private readonly Dictionary<string, string> _variables = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Of_a_token_only_the_origin_is_told()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "home"));
        _variables["HF_HOME"] = Path.Combine(_folder, "home");

        Assert.Equal((CheckState.Note, true), (Hub().State, Hub().Finding.EndsWith("no token", StringComparison.Ordinal)));
        File.WriteAllText(Path.Combine(_folder, "home", "token"), Secret);
        Assert.EndsWith("token from " + Path.Combine(_folder, "home", "token"), Hub().Finding, StringComparison.Ordinal);
        _variables["HF_TOKEN"] = Secret;
        Assert.EndsWith("token from HF_TOKEN", Hub().Finding, StringComparison.Ordinal);

        Assert.DoesNotContain(MachineReport.Create(Path.Combine(_folder, "store"), _variables.GetValueOrDefault), check =>
            (check.Finding + check.Meaning).Contains(Secret, StringComparison.Ordinal));

        MachineCheck Hub() => HubCheck.Of(new HubEnvironment(_variables.GetValueOrDefault));
    }

    [Fact]
    public void An_arithmetic_that_is_not_installed_is_no_trouble_and_one_that_cannot_be_used_is_a_note()
    {
        var registry = new BackendRegistry(new([_folder]));
        MachineCheck absent = BackendCheck.Of(registry, device: null);
        File.WriteAllText(Path.Combine(_folder, "QuantBuild.Compiler.Torch.dll"), "not an assembly");
        MachineCheck broken = BackendCheck.Of(registry, device: "cuda:1");

        Assert.Equal(("torch", CheckState.Good), (absent.Name, absent.State));
        Assert.Contains("QuantBuild.Compiler.Torch", absent.Meaning, StringComparison.Ordinal);
        Assert.Equal(CheckState.Note, broken.State);
        Assert.Contains("QB3230", broken.Meaning, StringComparison.Ordinal);
    }

    [Fact]
    public void An_endpoint_that_is_none_is_no_reason_to_refuse_builds()
    {
        _variables["HF_ENDPOINT"] = "http://elsewhere.example";

        MachineCheck check = HubCheck.Of(new HubEnvironment(_variables.GetValueOrDefault));

        Assert.Equal(CheckState.Note, check.State);
        Assert.Contains("QB5006", check.Meaning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "10.0.100", CheckState.Good)]
    [InlineData(true, "11.0.100-preview.1", CheckState.Good)]
    [InlineData(true, "9.0.310", CheckState.Problem)]
    [InlineData(false, "The command could not be loaded, possibly because:\n  * …", CheckState.Problem)]
    internal void The_sdk_must_be_there_and_new(bool succeeded, string answer, CheckState expected) =>
    Assert.Equal(expected, SdkCheck.Judge((succeeded, answer)).State);

    [Fact]
    public void Without_dotnet_projects_cannot_be_built()
    {
        Assert.Equal(CheckState.Problem, SdkCheck.Of(null).State);
        Assert.Equal(CheckState.Problem, SdkCheck.Judge(null).State);
    }

    [Theory]
    [InlineData(true, true, CheckState.Good)]
    [InlineData(false, true, CheckState.Good)]
    [InlineData(false, false, CheckState.Note)]
    internal void Instructions_cost_time_alone(bool wide, bool usual, CheckState expected) =>
        Assert.Equal(expected, ProcessorCheck.Of(2, new InstructionSets("X64", wide, usual)).State);

    [Theory]
    [InlineData(64, CheckState.Good)]
    [InlineData(4, CheckState.Note)]
    [InlineData(0, CheckState.Problem)]
    internal void Memory_is_judged_by_what_is_free(int gibibytes, CheckState expected) =>
        Assert.Equal(expected, MemoryCheck.Of(new MachineMemory(64L << 30, (long)gibibytes << 30)).State);

    [Theory]
    [InlineData(1L << 40, CheckState.Good)]
    [InlineData(1L << 30, CheckState.Note)]
    [InlineData(1L << 20, CheckState.Problem)]
    internal void Space_is_judged_by_what_is_free(long bytes, CheckState expected) =>
    Assert.Equal(expected, DiskCheck.Judge(bytes, "/store").State);

    [Fact]
    public void A_store_is_looked_at_and_not_made()
    {
        string root = Path.Combine(_folder, "store");

        Assert.Equal(CheckState.Good, StoreCheck.Of(root).State);
        Assert.False(Directory.Exists(root));
        using (ContentStore.Open(root))
            Assert.StartsWith("0 actions", StoreCheck.Of(root).Finding, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder, "mine.txt"), "");
        Assert.Equal(CheckState.Problem, StoreCheck.Of(_folder).State);
    }

    [Fact]
    public void Programs_are_found_on_the_path()
    {
        string program = OperatingSystem.IsWindows() ? "ffmpeg.exe" : "ffmpeg";
        File.WriteAllText(Path.Combine(_folder, program), "");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path.Combine(_folder, program), UnixFileMode.UserRead | UnixFileMode.UserExecute);

        MachineCheck[] checks = [.. ProgramChecks.All(Path.Combine(_folder, "none") + Path.PathSeparator + _folder)];

        Assert.Equal([CheckState.Good, CheckState.Note, CheckState.Note], checks.Select(check => check.State));
        Assert.Equal(Path.Combine(_folder, program), checks[0].Finding);
    }
}
