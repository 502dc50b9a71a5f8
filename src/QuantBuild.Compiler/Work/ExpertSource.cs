using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Sources;
using QuantBuild.Compiler.Store;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Work;

/// <summary>An expert's checkpoint, open, with the digest of every tensor.</summary>
internal sealed class ExpertSource : IDisposable
{
    private readonly ImmutableArray<HashedTensors> _files;

    private ExpertSource(ExpertPlan plan, WanCheckpoint checkpoint, IReadOnlyDictionary<string, Digest> digests,
        ReadOnlyMemory<byte> config,
        ImmutableArray<HashedTensors> files)
    {
        _files = files;
        Plan = plan;
        Checkpoint = checkpoint;
        Digests = digests;
        ConfigJson = config;
        Content = TensorDigests.Combine(digests);
        Model = ModelDigest.Of(Content, plan.Config);
    }

    /// <summary>The expert as planned.</summary>
    public ExpertPlan Plan { get; }

    /// <summary>Its tensors.</summary>
    public WanCheckpoint Checkpoint { get; }

    /// <summary>Digest of every tensor: element type, shape and bytes.</summary>
    public IReadOnlyDictionary<string, Digest> Digests { get; }

    /// <summary>Digest of all tensors together; independent of how they are sharded.</summary>
    public Digest Content { get; }

    /// <summary>Digest of all tensors and the configuration: equal ones compute the same.</summary>
    public Digest Model { get; }

    /// <summary>
    /// Its <c>config.json</c>, byte for byte; that of the Diffusers layout under the original field names, as its tensors have original
    /// names.
    /// </summary>
    public ReadOnlyMemory<byte> ConfigJson { get; }

    /// <summary>Opens and hashes a checkpoint; unchanged files are not read again.</summary>
    /// <param name="plan">The expert.</param>
    /// <param name="location">Its checkpoint. Of one with headers only nothing is hashed, and its digests are empty.</param>
    /// <param name="store">Remembers digests.</param>
    /// <param name="threads">Threads to hash with.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="DiagnosticException">It cannot be read or breaks a rule of its format.</exception>
    public static ExpertSource Open(ExpertPlan plan, CheckpointLocation location, ContentStore store, int threads,
        CancellationToken cancellation)
    {
        WanCheckpoint? checkpoint = null;
        try
        {
            checkpoint = location.Open(plan.Location, plan.Loras);
            if (location.HeadersOnly)
                return new ExpertSource(plan, checkpoint, ImmutableDictionary<string, Digest>.Empty, ReadOnlyMemory<byte>.Empty, []);
            ImmutableArray<HashedTensors> files = [.. checkpoint.OpenFiles.Select(Hashed)];
            ImmutableArray<HashedTensors> loras = [.. checkpoint.Loras.Select(lora => Hashed(lora.File))];
            return new ExpertSource(plan, checkpoint, ViewDigests.Of(checkpoint, files, loras),
                checkpoint.IsDiffusers || plan.File is not null ? plan.Config.ToJson() : ConfigOf(plan), [.. files, .. loras]);

            HashedTensors Hashed(SafeTensorsFile file) =>
                HashedTensors.OfAsync(file, store, threads, null, cancellation).GetAwaiter().GetResult();
        }
        catch (DiagnosticException)
        {
            checkpoint?.Dispose();
            throw;
        }
        catch (LoraException e)
        {
            checkpoint?.Dispose();
            throw new DiagnosticException(Descriptors.LoraInvalid.At(null, e.Path, plan.Name, e.Reason), e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SafeTensorsException)
        {
            checkpoint?.Dispose();
            throw StoreErrors.Shrunk(e)
                ?? new DiagnosticException(Descriptors.SourceUnreadable.At(new SourceSpan(plan.Location), e.Message), e);
        }
    }

    /// <summary>The configuration as it goes into the artifact, which must still be the one that was planned with.</summary>
    private static byte[] ConfigOf(ExpertPlan plan)
    {
        string path = Path.Combine(plan.Directory, "config.json");
        byte[] json = File.ReadAllBytes(path);
        return WanConfig.Parse(json, path) == plan.Config ? json : throw new DiagnosticException(Descriptors.InputChanged.At(null, path));
    }

    /// <summary>The same checkpoint under another plan; dispose only the original.</summary>
    public ExpertSource For(ExpertPlan plan) => new(plan, Checkpoint, Digests, ConfigJson, _files);

    /// <summary>Refuses to go on when somebody wrote into a file after it was hashed.</summary>
    /// <exception cref="DiagnosticException">A file changed (QB4007).</exception>
    public void RequireUnchanged()
    {
        foreach (HashedTensors file in _files)
            file.RequireUnchanged();
    }

    /// <inheritdoc/>
    public void Dispose() => Checkpoint.Dispose();
}
