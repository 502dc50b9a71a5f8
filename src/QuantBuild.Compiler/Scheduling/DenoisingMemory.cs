using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Scheduling;

/// <summary>Memory that denoising takes, from shapes alone.</summary>
public static class DenoisingMemory
{
    /// <summary>Bytes beside the experts' weights.</summary>
    /// <param name="config">The larger expert.</param>
    /// <param name="shape">The latent.</param>
    /// <param name="threads">Threads of its arithmetic.</param>
    public static long Bytes(WanConfig config, LatentShape shape, int threads) => WorkingSets.Trajectory(config, shape, threads);
}
