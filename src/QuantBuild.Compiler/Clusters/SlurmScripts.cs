using System.Globalization;

namespace QuantBuild.Compiler.Clusters;

/// <summary>Batch scripts for Slurm: an array that calibrates, one that builds layers, and a job that packs.</summary>
/// <remarks>
/// See https://slurm.schedmd.com/sbatch.html. A worker that can be tried again (exit code 75), or was killed, puts itself back into the
/// queue, three times at most; one that fails for good ends the jobs that depend on it.
/// </remarks>
internal static class SlurmScripts
{
    /// <summary>The script that submits the others.</summary>
    public const string Submit = "submit.sh";

    /// <summary>The scripts.</summary>
    /// <param name="build">The build.</param>
    /// <param name="folder">Folder of the scripts, for logs.</param>
    public static IReadOnlyList<ClusterFile> Of(ClusterBuild build, string folder) =>
    [
        new("calibrate.sbatch", Array(build, folder, "calibrate")),
        new("layers.sbatch", Array(build, folder, "layers")),
        new("pack.sbatch", Head(build, folder, "pack", "pack.log", gpus: false) + $"exec {build.Pack}\n"),
        new(Submit, $"""
            #!/bin/sh
            # Submits the three jobs, each after the one before, and prints their numbers.
            set -eu
            cd {ClusterBuild.Quoted(folder)}
            calibrate=$(sbatch --parsable calibrate.sbatch)
            layers=$(sbatch --parsable --dependency="afterok:$calibrate" --kill-on-invalid-dep=yes layers.sbatch)
            pack=$(sbatch --parsable --dependency="afterok:$layers" --kill-on-invalid-dep=yes pack.sbatch)
            echo "$calibrate $layers $pack"

            """.ReplaceLineEndings("\n")),
    ];

    private static string Array(ClusterBuild build, string folder, string until) =>
        Head(build, folder, until, $"{until}-%a.log", build.Gpus, FormattableString.Invariant($"#SBATCH --array=0-{build.Shards - 1}\n"))
        + $$"""
            code=0
            {{build.Work(until)}} || code=$?
            # 75: it may succeed later or elsewhere. 137: somebody killed it.
            if { [ "$code" -eq 75 ] || [ "$code" -eq 137 ]; } && [ "${SLURM_RESTART_COUNT:-0}" -lt 3 ]; then
              scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}" && sleep 120
            fi
            exit "$code"

            """.ReplaceLineEndings("\n");

    private static string Head(ClusterBuild build, string folder, string phase, string log, bool gpus, string more = "") =>
        $"#!/bin/bash\n#SBATCH --job-name=quantbuild-{build.Name}-{phase}\n{more}"
        + $"#SBATCH --requeue\n#SBATCH --output=\"{Path.Combine(folder, log).Replace("\\", "\\\\", StringComparison.Ordinal)}\"\n"
        + "#SBATCH --open-mode=append\n" + (gpus ? "#SBATCH --gres=gpu:1\n" : "");
}
