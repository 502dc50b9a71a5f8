using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>A repository at a revision, written <c>hf://owner/name@revision</c>.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Revision">Branch, tag, commit, or a reference such as <c>refs/pr/1</c>.</param>
internal sealed record HubReference(RepoId Repository, string Revision)
{
    /// <summary>What every reference begins with.</summary>
    public const string Scheme = "hf://";

    /// <summary>The revision that is meant when none is named.</summary>
    public const string DefaultRevision = "main";

    /// <summary>Reads a reference, with or without the scheme.</summary>
    /// <exception cref="DiagnosticException">It breaks a rule of names (QB5020).</exception>
    public static HubReference Parse(string text)
    {
        string rest = text.StartsWith(Scheme, StringComparison.Ordinal) ? text[Scheme.Length..] : text;
        int at = rest.IndexOf('@');
        if (at < 0)
            return new HubReference(RepoId.Parse(rest), DefaultRevision);
        string revision = rest[(at + 1)..];
        if (FaultOf(revision) is { } fault)
            throw new DiagnosticException(Descriptors.HubNameInvalid.At(null, text, fault));
        return new HubReference(RepoId.Parse(rest[..at]), revision);
    }

    /// <summary>What is wrong with a revision's name; null when nothing is. The rules are those of git for references.</summary>
    public static string? FaultOf(string revision) => revision switch
    {
        "" => "the revision after '@' is empty",
        _ when revision.Length > 255 => "the revision is longer than 255 characters",
        _ when revision.Any(c => c <= ' ' || c == 127 || "~^:?*[\\".Contains(c, StringComparison.Ordinal)) =>
            "the revision has a character that git does not allow",
        _ when revision.Contains("..") || revision.Contains("//") || revision[0] is '/' or '-' || revision[^1] is '/' or '.' =>
            "the revision breaks the rules of git for names",
        _ => null,
    };

    /// <inheritdoc/>
    public override string ToString() => $"{Scheme}{Repository}@{Revision}";
}
