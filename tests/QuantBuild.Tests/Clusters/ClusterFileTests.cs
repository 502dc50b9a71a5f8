using QuantBuild.Compiler.Clusters;
using QuantBuild.Compiler.Processes;

namespace QuantBuild.Tests.Clusters;

public sealed class ClusterFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cluster").FullName;

    private static readonly ClusterBuild Build = new("tiny", "/models/it's here/m.quant.json", 4, "/out", "quantbuild", Gpus: false)
    {
        Store = "/shared/store", Remote = "https://cache/x",
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string TextOf(IEnumerable<ClusterFile> files, string name) => files.Single(file => file.Name == name).Text;

    [Fact]
    public void Slurm_gets_an_array_per_phase_with_what_a_worker_needs()
    {
        string layers = TextOf(SlurmScripts.Of(Build, "/jobs"), "layers.sbatch");

        Assert.Contains("\n#SBATCH --array=0-3\n#SBATCH --requeue\n#SBATCH --output=\"/jobs/layers-%a.log\"\n", layers,
            StringComparison.Ordinal);
        Assert.Contains("\nquantbuild work '/models/it'\\''s here/m.quant.json' --shards 4 --until layers --store '/shared/store' "
            + "--remote 'https://cache/x' || code=$?\n", layers, StringComparison.Ordinal);
        Assert.DoesNotContain("gres", layers, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_workers_ask_for_a_GPU_and_only_when_the_build_needs_one()
    {
        IReadOnlyList<ClusterFile> slurm = SlurmScripts.Of(Build with { Gpus = true }, "/jobs"),
            kubernetes = KubernetesJobs.Of(Build with { Gpus = true }, "image");

        Assert.Contains("#SBATCH --gres=gpu:1\n", TextOf(slurm, "calibrate.sbatch"), StringComparison.Ordinal);
        Assert.DoesNotContain("gres", TextOf(slurm, "pack.sbatch"), StringComparison.Ordinal);
        Assert.Contains("nvidia.com/gpu: 1\n", TextOf(kubernetes, "layers.yaml"), StringComparison.Ordinal);
        Assert.DoesNotContain("nvidia", TextOf(kubernetes, "pack.yaml"), StringComparison.Ordinal);
        Assert.DoesNotContain("nvidia", TextOf(KubernetesJobs.Of(Build, "image"), "layers.yaml"), StringComparison.Ordinal);
    }

    [Fact]
    public void Shells_read_every_script_and_the_commands_in_it_are_what_a_worker_is_given()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        foreach (ClusterFile file in SlurmScripts.Of(Build, _folder).Concat(KubernetesJobs.Of(Build, "image"))
            .Where(file => !file.Name.EndsWith(".yaml", StringComparison.Ordinal)))
        {
            string path = Path.Combine(_folder, file.Name);
            File.WriteAllText(path, file.Text);
            Assert.Equal((0, ""), ProgramProcess.Run("sh", TimeSpan.FromSeconds(20), "-n", path) is { } read
                ? (read.ExitCode, read.Error)
                : (1, "no sh"));
        }
        Assert.Equal("work|/models/it's here/m.quant.json|--shards|4|--until|layers|--store|/shared/store|--remote|https://cache/x|",
            ProgramProcess.Run("sh", TimeSpan.FromSeconds(20), "-c", "quantbuild() { printf '%s|' \"$@\"; }; "
                + Build.Work("layers"))!.Out);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 1, 0)]
    [InlineData(75, 0, 1)]
    [InlineData(137, 0, 1)]
    public void A_task_goes_back_into_the_queue_when_another_try_may_help(int code, int expected, int requeued)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        string script = TextOf(SlurmScripts.Of(Build with { Command = $"sh -c 'exit {code}'" }, _folder), "layers.sbatch");

        // What Slurm does to a task that asks to be put back: it ends it.
        ProgramResult? result = ProgramProcess.Run("sh", TimeSpan.FromSeconds(20), "-c",
            "scontrol() { echo \"$@\"; exit 0; }; SLURM_ARRAY_JOB_ID=7; SLURM_ARRAY_TASK_ID=2; " + script);

        Assert.Equal((expected, requeued == 1 ? "requeue 7_2\n" : ""), (result!.ExitCode, result.Out));
    }

    [Fact]
    public void Kubernetes_gets_indexed_jobs_that_fail_an_index_for_good_on_the_code_that_says_so()
    {
        string job = TextOf(KubernetesJobs.Of(Build, "registry/tool:1"), "layers.yaml");

        Assert.Contains("  completionMode: Indexed\n  completions: 4\n  parallelism: 4\n  backoffLimitPerIndex: 3\n", job,
            StringComparison.Ordinal);
        Assert.Contains(
            "- action: FailIndex\n        onExitCodes:\n          containerName: quantbuild\n          operator: In\n          values: "
                + "[1, 2]\n",
            job, StringComparison.Ordinal);
        Assert.Contains("""command: ["sh", "-c", "exec quantbuild work '/models/it'\\''s here/m.quant.json' --shards 4""", job,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Matrices_number_workers_from_0_on_and_no_credentials_are_written()
    {
        string github = MatrixWorkflows.GitHub(Build).Text, azure = MatrixWorkflows.Azure(Build).Text;

        Assert.Contains("        shard: [0, 1, 2, 3]\n", github, StringComparison.Ordinal);
        Assert.Contains("m.quant.json' --shard ${{ matrix.shard }}/4 --until calibrate", github, StringComparison.Ordinal);
        Assert.Contains("  layers:\n    needs: calibrate\n", github, StringComparison.Ordinal);
        Assert.Contains("  pack:\n    needs: layers\n", github, StringComparison.Ordinal);
        Assert.Contains("      parallel: 4\n", azure, StringComparison.Ordinal);
        Assert.Contains("--shard $((SYSTEM_JOBPOSITIONINPHASE - 1))/4 --until layers", azure, StringComparison.Ordinal);
        Assert.Contains("QUANTBUILD_REMOTE_AUTHORIZATION: ${{ secrets.QUANTBUILD_REMOTE_AUTHORIZATION }}", github,
            StringComparison.Ordinal);
    }
}
