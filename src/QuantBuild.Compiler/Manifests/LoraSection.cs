using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>A LoRA file that is merged into the model before anything else.</summary>
/// <param name="File">The file, absolute; as written while it is still to be fetched.</param>
/// <param name="Strength">How strongly; 1 as it was trained.</param>
/// <param name="Experts">The experts that it is merged into; empty for both.</param>
/// <param name="Span">Its place.</param>
internal sealed record LoraSection(string File, double Strength, ImmutableArray<string> Experts, SourceSpan Span)
{
    /// <summary>Where the Hub has it; null for a file of this machine, and once it was fetched.</summary>
    public RemoteLora? Remote { get; init; }

    /// <summary>Whether it is merged into an expert.</summary>
    public bool Concerns(string expert) => Experts.IsEmpty || Experts.Contains(expert);
}

/// <summary>A LoRA file in a repository of the Hub, written <c>hf://owner/name@revision/folder/file.safetensors</c>.</summary>
/// <param name="Repository">The repository at a revision.</param>
/// <param name="Path">The file in it.</param>
internal sealed record RemoteLora(HubReference Repository, string Path)
{
    /// <summary>Reads a reference; null for one without a file.</summary>
    /// <exception cref="DiagnosticException">The repository or the revision breaks a rule of names (QB5020).</exception>
    public static RemoteLora? Parse(string text)
    {
        string[] parts = text[HubReference.Scheme.Length..].Split('/', 3);
        return parts is [var owner, var name, { Length: > 0 } path]
            && path.Split('/').All(part => part is not ("" or "." or ".."))
            ? new RemoteLora(HubReference.Parse($"{owner}/{name}"), path)
            : null;
    }
}
