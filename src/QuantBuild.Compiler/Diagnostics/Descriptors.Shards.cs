namespace QuantBuild.Compiler.Diagnostics;

internal static partial class Descriptors
{
    /// <summary>A worker began before calibration was done.</summary>
    public static readonly DiagnosticDescriptor ShardTooEarly = new("QB4100", Severity.Error,
        "shard {0} cannot begin with its layers: not all calibration samples are recorded in the store",
        "Layers need the recordings of all samples, and those of other workers are not there yet: `work --until calibrate` of every shard "
            + "comes first. Or the workers do not use the same store.",
        "Try again when all shards are calibrated (exit code 75); see that all have the same --store or --remote.");

    /// <summary>Layers of a worker failed.</summary>
    public static readonly DiagnosticDescriptor ShardFailed = new("QB4101", Severity.Error,
        "shard {0}: {1} layers are not done: {2}",
        "Their work failed; the other diagnostics say why. What is done is in the store.",
        "Mend the cause and start the same shard again: it goes on with these layers.");

    /// <summary>Slurm did not do what it was asked.</summary>
    public static readonly DiagnosticDescriptor SlurmFailed = new("QB4110", Severity.Error,
        "Slurm's {0} failed: {1}",
        "The command is not on this machine, the cluster cannot be reached, or it refuses the jobs.",
        "Mend what the message says; the scripts are written, and `sh submit.sh` in their folder submits them.");
}
