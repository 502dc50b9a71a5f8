using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

/// <summary>
/// <c>submit --run</c> and <c>--wait</c> against programs that answer as Slurm's do; tests/cluster/slurm.sh has a real Slurm.
/// </summary>
public sealed class SubmitTests : IDisposable
{
    /// <summary>Numbers jobs, notes how it was called, and runs their tasks at once, as a cluster with nothing else to do.</summary>
    private const string Sbatch = """
        #!/bin/sh
        here=$(dirname "$0")
        echo "$*" >> "$here/calls"
        [ ! -e "$here/refused" ] || { echo "sbatch: error: Batch job submission failed: Invalid account" >&2; exit 1; }
        number=$(wc -l < "$here/calls" | tr -d ' ')
        for script; do :; done
        last=$(sed -n 's/^#SBATCH --array=0-//p' "$script")
        if [ -n "$last" ]; then
          for task in $(seq 0 "$last"); do
            SLURM_ARRAY_JOB_ID=$number SLURM_ARRAY_TASK_ID=$task SLURM_ARRAY_TASK_COUNT=$((last + 1)) bash "$script" >> "$here/log" 2>&1 || exit 1
          done
        else
          bash "$script" >> "$here/log" 2>&1 || exit 1
        fi
        echo "$number"
        """;

    /// <summary>Shows what is left of a list of answers, of which every call takes the first.</summary>
    private const string Squeue = """
        #!/bin/sh
        here=$(dirname "$0")
        echo "squeue $*" >> "$here/asked"
        [ ! -s "$here/queue" ] || { head -1 "$here/queue" | tr ';' '\n'; sed -i 1d "$here/queue"; }
        """;

    private const string Scontrol = """
        #!/bin/sh
        echo "JobId=3 JobName=quantbuild-reduced-pack UserId=me(1) JobState=$(cat "$(dirname "$0")/state") Reason=None"
        """;

    private readonly ReducedModel _model = new();

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Run_submits_three_jobs_in_order_whose_artifact_is_that_of_one_machine()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        _model.Build("--out", _model["alone"], "--store", _model["store alone"]).Expect(0);

        Outcome outcome = Submit("--run").Expect(0);

        Assert.Contains("jobs 1, 2, 3: calibrate, layers, pack", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(["--parsable calibrate.sbatch", "--parsable --dependency=afterok:1 --kill-on-invalid-dep=yes layers.sbatch",
            "--parsable --dependency=afterok:2 --kill-on-invalid-dep=yes pack.sbatch"], File.ReadAllLines(_model["programs", "calls"]));
        Assert.Equal(ReducedModel.Bytes(_model["alone"]), ReducedModel.Bytes(_model.Output));
        Assert.False(File.Exists(_model["programs", "asked"]));
    }

    [Theory]
    [InlineData("COMPLETED", 0)]
    [InlineData("FAILED", 1)]
    [InlineData("CANCELLED", 1)]
    public void Wait_follows_the_queue_and_ends_as_the_last_job_does(string state, int code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        Directory.CreateDirectory(_model["programs"]);
        File.WriteAllText(_model["programs", "queue"], "RUNNING calibrate;RUNNING calibrate;PENDING layers;PENDING layers;PENDING pack\n");
        File.WriteAllText(_model["programs", "state"], state);

        Outcome outcome = Submit("--wait").Expect(code);

        Assert.Contains("pending layers: 2; pending pack: 1; running calibrate: 2", outcome.Error, StringComparison.Ordinal);
        Assert.Contains($"pack: {state.ToLowerInvariant()}; logs are in {_model["jobs"]}", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(2, File.ReadAllLines(_model["programs", "asked"])
            .Count(call => call == "squeue --noheader --array --jobs 1,2,3 --format %T %j"));
    }

    [Fact]
    public void What_Slurm_refuses_is_an_error_in_its_words()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        Directory.CreateDirectory(_model["programs"]);
        File.WriteAllText(_model["programs", "refused"], "");

        Outcome outcome = Submit("--run").Expect(1);

        Assert.Contains("QB4110", outcome.Out, StringComparison.Ordinal);
        Assert.Contains("Batch job submission failed: Invalid account", outcome.Out, StringComparison.Ordinal);
        Assert.True(File.Exists(_model["jobs", "submit.sh"]));
    }

    [Fact]
    public void Only_Slurm_is_submitted_to() =>
        Assert.Contains("--run and --wait are for slurm",
            Tool.Run(_model.Folder, "submit", "azure", _model.Manifest, "--shards", "2", "--out",
            "artifact", "--run").Expect(2).Error, StringComparison.Ordinal);

    private Outcome Submit(string how)
    {
        Directory.CreateDirectory(_model["programs"]);
        foreach ((string name, string text) in (ReadOnlySpan<(string, string)>)[("sbatch", Sbatch), ("squeue", Squeue),
            ("scontrol", Scontrol)])
        {
            File.WriteAllText(_model["programs", name], text.ReplaceLineEndings("\n") + "\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(_model["programs", name], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        return Tool.Run(_model.Folder,
            Environments.With(("PATH", $"{_model["programs"]}:{Environment.GetEnvironmentVariable("PATH")}")), "submit", "slurm",
            _model.Manifest, "--shards", "2", "--out", _model.Output, "--store", _model.Store, "--to", _model["jobs"], how);
    }
}
