using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;
using QuantBuild.Models;
using QuantBuild.Models.Vae;
using QuantBuild.Pipelines;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Commands;

/// <summary>Whether there is memory for a video, told from its size before any work.</summary>
internal static class VideoMemory
{
    /// <summary>
    /// Refuses what takes more than the machine has, and warns where decoding, which comes last, takes more than is free now.
    /// </summary>
    /// <param name="pipeline">Makes the video.</param>
    /// <param name="size">Its size.</param>
    /// <param name="threads">Threads to use.</param>
    /// <param name="kept">Bytes that are kept beside it.</param>
    /// <param name="compute">What computes it.</param>
    /// <param name="is4Bit">Whether an artifact's experts run.</param>
    /// <param name="run">Told of warnings.</param>
    /// <exception cref="InvalidDataException">A phase takes more than the machine has.</exception>
    /// <exception cref="ArgumentException">The size is not possible.</exception>
    public static void Check(VideoPipeline pipeline, VideoShape size, int threads, long kept, VideoCompute compute, bool is4Bit,
        CommandRun run)
    {
        MachineMemory machine = MachineMemory.Read();
        long preparing = pipeline.PreparingBytes(size, threads), decoding = pipeline.DecodingBytes(size) + kept;
        LatentShape latent = VaeConfig.LatentShapeOf(size);
        long denoising = (compute.HostBytes(pipeline.Config, pipeline.Memory, latent, is4Bit)
            ?? SamplingCost.Bytes(pipeline.Config, latent, threads)) + pipeline.PreparedBytes(size) + kept;
        Require(pipeline.Architecture.TakesPicture ? "encoding the picture" : "encoding the prompt", preparing,
            "--vae-tile 256, a smaller --size or fewer --frames");
        Require("denoising", denoising, "a smaller --size or fewer --frames");
        Require("decoding the frames", decoding, "--vae-tile 256, a smaller --size or fewer --frames");
        if (decoding > machine.Available)
            run.Report(Descriptors.GenerationMemory.At(null, Quantity.Size(decoding), Quantity.Size(machine.Available)));

        void Require(string phase, long needed, string cure)
        {
            if (needed > machine.Total)
                throw new InvalidDataException(
                    $"{phase} takes about {Quantity.Size(needed)} at once, and this machine has {Quantity.Size(machine.Total)}; take {cure}");
        }
    }
}
