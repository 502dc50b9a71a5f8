using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Sources;

/// <summary>Brings LoRA files of the Hub into its cache, so that everything behind sees files of this machine.</summary>
internal static class LoraDownload
{
    /// <summary>The manifest with every LoRA file on this machine.</summary>
    /// <param name="manifest">The manifest.</param>
    /// <param name="access">The Hub and the cache; null for those of the process.</param>
    /// <param name="ct">Ends the work; what has arrived is kept.</param>
    /// <exception cref="DiagnosticException">
    /// A file cannot be fetched (QB2013, and the Hub's own code), or is not in its repository.
    /// </exception>
    public static QuantManifest Fetch(QuantManifest manifest, HubAccess? access, CancellationToken ct) =>
        manifest.Model.Loras.All(lora => lora.Remote is null)
        ? manifest
        : manifest with
        {
            Model = manifest.Model with { Loras =
                [.. manifest.Model.Loras.Select(lora => Fetch(lora, access ?? HubAccess.OfProcess(), ct))] },
        };

    private static LoraSection Fetch(LoraSection lora, HubAccess access, CancellationToken ct)
    {
        if (lora.Remote is not { } remote)
            return lora;
        try
        {
            return FetchAsync(lora, remote, access, ct).GetAwaiter().GetResult();
        }
        catch (DiagnosticException failure) when (failure.Diagnostics[0].Descriptor.Code.StartsWith("QB5", StringComparison.Ordinal))
        {
            throw new DiagnosticException([Descriptors.SourceNotFetched.At(lora.Span, lora.File, failure.Diagnostics[0].Message),
                .. failure.Diagnostics]);
        }
    }

    private static async Task<LoraSection> FetchAsync(LoraSection lora, RemoteLora remote, HubAccess access, CancellationToken ct)
    {
        using HubClient? client = access.Connect(ct);
        HubSnapshot snapshot = await HubDownload.FetchAsync(client, access.Cache, remote.Repository, path => path == remote.Path,
            access.Progress, ct);
        return snapshot.Files.IsEmpty
            ? throw new DiagnosticException(Descriptors.LoraNotFound.At(lora.Span, lora.File))
            : lora with { File = Path.Combine(snapshot.Folder, remote.Path.Replace('/', Path.DirectorySeparatorChar)), Remote = null };
    }
}
