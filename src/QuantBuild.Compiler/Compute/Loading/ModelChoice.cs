using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Compute.Loading;

/// <summary>Which arithmetic runs a model outside of a build, where nothing is kept under its name.</summary>
internal static class ModelChoice
{
    private const string Torch = "torch-";

    /// <summary>Chooses: what is asked for, else what the manifest says, else what the artifact was made with.</summary>
    /// <param name="asked">What a command line names; null for nothing.</param>
    /// <param name="device">The device that it names, such as <c>cuda:1</c>; null for none.</param>
    /// <param name="manifest">The manifest's section; null without a manifest.</param>
    /// <param name="profile">The artifact's arithmetic for the model, as its descriptor states it; null without an artifact.</param>
    /// <returns>Backend, kind of device and element type; both groups of stages have the backend.</returns>
    public static ComputeSection Of(ComputeBackend? asked, string? device, ComputeSection? manifest, string? profile)
    {
        ComputeSection said = manifest ?? (profile is null ? ComputeSection.Default : OfProfile(profile));
        ComputeBackend backend = asked ?? said.Model;
        return said with
        {
            Model = backend,
            Layers = backend,
            Device = string.IsNullOrEmpty(device) ? said.Device : IsCuda(device) ? ComputeDevice.Cuda : ComputeDevice.Cpu,
        };
    }

    /// <summary>
    /// What a profile's name says, such as <c>torch-2.10-cuda-sm90-132-bf16</c>; one that is not torch's is the processor's.
    /// </summary>
    private static ComputeSection OfProfile(string profile) => profile.StartsWith(Torch, StringComparison.Ordinal)
        ? new ComputeSection(ComputeBackend.Torch, ComputeBackend.Torch)
        {
            Device = profile.Split('-').ElementAtOrDefault(2) == "cuda" ? ComputeDevice.Cuda : ComputeDevice.Cpu,
            DType = profile.Split('-').Contains("f32") ? ComputeDType.Float32 : ComputeDType.BFloat16,
        }
        : ComputeSection.Default;

    private static bool IsCuda(string device) => device.StartsWith("cuda", StringComparison.Ordinal);
}
