using QuantBuild.Artifacts;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild;

/// <summary>A built model, open for use: its descriptor and both experts.</summary>
/// <remarks>
/// Opening checks everything that could make the model compute something else than what was built: the descriptor, the presence, size
/// and (unless turned off) digest of every file, the rules of the formats, every tensor's type and shape, and that scales, smoothing
/// vectors and low-rank factors are numbers. Weights are mapped, not read; what a <see cref="ArtifactExpertModel"/> gives out ends with
/// <see cref="Dispose"/> unless it says otherwise.
/// </remarks>
public sealed class ModelArtifact : IDisposable
{
    private const string HighNoiseName = "high_noise";
    private const string LowNoiseName = "low_noise";

    private readonly List<ShardedCheckpoint> _checkpoints = [];

    private ModelArtifact(ArtifactDescriptor descriptor, string directory)
    {
        Descriptor = descriptor;
        try
        {
            HighNoise = OpenExpert(HighNoiseName, directory);
            LowNoise = OpenExpert(LowNoiseName, directory);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The content of <c>artifact.json</c>.</summary>
    public ArtifactDescriptor Descriptor { get; }

    /// <summary>The expert for timesteps at or above the boundary.</summary>
    public ArtifactExpertModel HighNoise { get; }

    /// <summary>The expert for timesteps below the boundary.</summary>
    public ArtifactExpertModel LowNoise { get; }

    /// <summary>Opens an artifact.</summary>
    /// <param name="path">Its folder, or the <c>artifact.json</c> in it.</param>
    /// <param name="verifyDigests">Whether to read every file and compare its SHA-256 with the descriptor.</param>
    /// <exception cref="ArtifactException">Anything is missing, damaged, or not what the descriptor says.</exception>
    public static ModelArtifact Open(string path, bool verifyDigests = true)
    {
        string file = Directory.Exists(path) ? Path.Combine(path, ArtifactDescriptor.FileName) : path;
        ArtifactDescriptor descriptor = ReadDescriptor(file);
        CheckArchitecture(descriptor, file);
        string directory = Path.GetDirectoryName(Path.GetFullPath(file))!;
        ArtifactFiles.Check(descriptor, directory, verifyDigests);
        return new ModelArtifact(descriptor, directory);
    }

    /// <inheritdoc/>
    public void Dispose() => _checkpoints.ForEach(checkpoint => checkpoint.Dispose());

    private static ArtifactDescriptor ReadDescriptor(string file)
    {
        try
        {
            return ArtifactDescriptor.Parse(File.ReadAllBytes(file));
        }
        catch (ArtifactException e)
        {
            throw new ArtifactException(e.Reason, file, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ArtifactException(e is FileNotFoundException or DirectoryNotFoundException ? "the file does not exist" : $"cannot be read: {e.Message}", file, e);
        }
    }

    private static void CheckArchitecture(ArtifactDescriptor descriptor, string file)
    {
        if (descriptor.Architecture != "wan2.2-i2v")
            throw new ArtifactException($"the architecture '{descriptor.Architecture}' is not supported", file);
        if (descriptor.Layout != "native")
            throw new ArtifactException($"the layout '{descriptor.Layout}' is for other runtimes", file);
        if (!descriptor.Experts.Keys.SequenceEqual([HighNoiseName, LowNoiseName], StringComparer.Ordinal))
            throw new ArtifactException($"the experts are {string.Join(", ", descriptor.Experts.Keys)} instead of {HighNoiseName} and {LowNoiseName}", file);
        ArtifactExpert high = descriptor.Experts[HighNoiseName], low = descriptor.Experts[LowNoiseName];
        if (high.MinTimestep != descriptor.Boundary || low.MaxTimestep != descriptor.Boundary - 1)
            throw new ArtifactException($"the experts do not meet at the boundary: {high.MinTimestep} and {low.MaxTimestep} for {descriptor.Boundary}", file);
        if (high.Directory == low.Directory)
            throw new ArtifactException($"both experts are in {high.Directory}", file);
    }

    private ArtifactExpertModel OpenExpert(string name, string root)
    {
        ArtifactExpert expert = Descriptor.Experts[name];
        string directory = Path.Combine(root, expert.Directory);
        try
        {
            WanConfig config = WanConfig.Load(Path.Combine(directory, ArtifactFiles.Config));
            ShardedCheckpoint tensors = ShardedCheckpoint.Open(directory);
            _checkpoints.Add(tensors);
            ArtifactFiles.CheckListed(expert, tensors);
            new ArtifactTensorChecks(expert, tensors, directory).Check(config);
            return new ArtifactExpertModel(name, expert, config, tensors);
        }
        catch (SafeTensorsException e)
        {
            throw new ArtifactException(e.Reason, e.Path ?? directory, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new ArtifactException(e.Message, directory, e);
        }
    }
}
