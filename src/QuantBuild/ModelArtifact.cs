using System.Reflection;
using System.Security.Cryptography;
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

    /// <summary>Folder beside the app where builds put artifacts that they do not embed.</summary>
    private const string FolderBesideApp = "artifact";

    private readonly List<ShardedCheckpoint> _checkpoints = [];

    private ModelArtifact(ArtifactDescriptor descriptor, IArtifactStorage storage)
    {
        Descriptor = descriptor;
        try
        {
            HighNoise = OpenExpert(HighNoiseName, storage);
            LowNoise = OpenExpert(LowNoiseName, storage);
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
        ArtifactDescriptor descriptor =
            Parse(ReadAll(new FolderStorage(Path.GetDirectoryName(Path.GetFullPath(file))!), Path.GetFileName(file)), file);
        CheckArchitecture(descriptor, file);
        return Open(descriptor, new FolderStorage(Path.GetDirectoryName(Path.GetFullPath(file))!), verifyDigests);
    }

    /// <summary>Opens an artifact that a build put into an assembly: its descriptor and, unless they were too large, its files.</summary>
    /// <remarks>
    /// Resources are <c>name/artifact.json</c> and so on. Weights are used where the runtime has mapped the assembly. Files that are no
    /// resources are expected in the folder <c>artifact/name</c> beside the app, and compared with the embedded descriptor. Generated
    /// accessors call this.
    /// </remarks>
    /// <param name="assembly">The assembly.</param>
    /// <param name="name">The model's name in it.</param>
    /// <param name="digest">SHA-256 of the descriptor, 64 lower-case hexadecimal digits; null to take what is there.</param>
    /// <param name="verifyDigests">Whether to read every file and compare its SHA-256 with the descriptor.</param>
    /// <exception cref="ArtifactException">Anything is missing, damaged, or not what digest and descriptor say.</exception>
    public static ModelArtifact OpenEmbedded(Assembly assembly, string name, string? digest = null, bool verifyDigests = true)
    {
        ArgumentNullException.ThrowIfNull(assembly);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var resources = new ResourceStorage(assembly, name);
        string file = resources.Locate(ArtifactDescriptor.FileName);
        byte[] json = ReadAll(resources, ArtifactDescriptor.FileName);
        string actual = Convert.ToHexStringLower(SHA256.HashData(json));
        if (digest is not null && actual != digest)
            throw new ArtifactException($"the descriptor's SHA-256 is {actual} instead of {digest}", file);
        ArtifactDescriptor descriptor = Parse(json, file);
        CheckArchitecture(descriptor, file);
        ArtifactExpert any = descriptor.Experts[HighNoiseName];
        bool embedded = resources.LengthOf($"{any.Directory}/{any.Files[0].Name}") is not null;
        return Open(descriptor, embedded ? resources : new FolderStorage(Path.Combine(AppContext.BaseDirectory, FolderBesideApp, name)),
            verifyDigests);
    }

    /// <inheritdoc/>
    public void Dispose() => _checkpoints.ForEach(checkpoint => checkpoint.Dispose());

    private static ModelArtifact Open(ArtifactDescriptor descriptor, IArtifactStorage storage, bool verifyDigests)
    {
        ArtifactFiles.Check(descriptor, storage, verifyDigests);
        return new ModelArtifact(descriptor, storage);
    }

    private static ArtifactDescriptor Parse(byte[] json, string file)
    {
        try
        {
            return ArtifactDescriptor.Parse(json);
        }
        catch (ArtifactException e)
        {
            throw new ArtifactException(e.Reason, file, e);
        }
    }

    private static byte[] ReadAll(IArtifactStorage storage, string name)
    {
        string file = storage.Locate(name);
        try
        {
            using Stream stream = storage.OpenRead(name);
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ArtifactException(e is FileNotFoundException or DirectoryNotFoundException
                ? "the file does not exist"
                : $"cannot be read: {e.Message}", file, e);
        }
    }

    private static void CheckArchitecture(ArtifactDescriptor descriptor, string file)
    {
        if (WanArchitecture.Find(descriptor.Architecture) is null)
            throw new ArtifactException($"the architecture '{descriptor.Architecture}' is not supported", file);
        if (descriptor.Layout != "native")
            throw new ArtifactException($"the layout '{descriptor.Layout}' is for other runtimes", file);
        if (!descriptor.Experts.Keys.SequenceEqual([HighNoiseName, LowNoiseName], StringComparer.Ordinal))
            throw new ArtifactException(
                $"the experts are {string.Join(", ", descriptor.Experts.Keys)} instead of {HighNoiseName} and {LowNoiseName}", file);
        ArtifactExpert high = descriptor.Experts[HighNoiseName], low = descriptor.Experts[LowNoiseName];
        if (high.MinTimestep != descriptor.Boundary || low.MaxTimestep != descriptor.Boundary - 1)
            throw new ArtifactException(
                $"the experts do not meet at the boundary: {high.MinTimestep} and {low.MaxTimestep} for {descriptor.Boundary}", file);
        if (high.Directory == low.Directory)
            throw new ArtifactException($"both experts are in {high.Directory}", file);
    }

    private ArtifactExpertModel OpenExpert(string name, IArtifactStorage storage)
    {
        ArtifactExpert expert = Descriptor.Experts[name];
        string directory = storage.Locate(expert.Directory);
        string configFile = $"{expert.Directory}/{ArtifactFiles.Config}";
        try
        {
            WanConfig config = WanConfig.Parse(ReadAll(storage, configFile), storage.Locate(configFile));
            if (WanArchitecture.Of(config).Name != Descriptor.Architecture)
                throw new ArtifactException(
                    $"it is the configuration of {WanArchitecture.Of(config).Name}, the descriptor says {Descriptor.Architecture}",
                    storage.Locate(configFile));
            ShardedCheckpoint tensors = storage.OpenTensors(expert);
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
