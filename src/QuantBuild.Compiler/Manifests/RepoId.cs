using System.Text.RegularExpressions;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests;

/// <summary>A model repository's name, such as <c>Wan-AI/Wan2.2-I2V-A14B</c>.</summary>
/// <remarks>Its characters need no escaping in addresses and in file names.</remarks>
internal sealed partial record RepoId
{
    private RepoId(string owner, string name)
    {
        Owner = owner;
        Name = name;
    }

    /// <summary>User or organization.</summary>
    public string Owner { get; }

    /// <summary>Name within the owner's repositories.</summary>
    public string Name { get; }

    /// <summary>Folder of the repository in the local cache.</summary>
    internal string CacheFolder => $"models--{Owner}--{Name}";

    /// <summary>Reads <c>owner/name</c>.</summary>
    /// <exception cref="DiagnosticException">It breaks a rule of names (QB5020).</exception>
    public static RepoId Parse(string text) =>
        TryParse(text, out string? fault) ?? throw new DiagnosticException(Descriptors.HubNameInvalid.At(null, text, fault));

    /// <summary>Reads <c>owner/name</c>; null, and what is wrong with it, when it breaks a rule of names.</summary>
    internal static RepoId? TryParse(string text, out string? fault)
    {
        string[] parts = text.Split('/');
        fault = parts.Length != 2 ? "owner and name are needed, with one '/' between them"
            : parts.Select(FaultOf).FirstOrDefault(found => found is not null);
        return fault is null ? new RepoId(parts[0], parts[1]) : null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Owner}/{Name}";

    private static string? FaultOf(string part) => part switch
    {
        _ when !Allowed().IsMatch(part) => $"'{part}' is empty, too long, or has a character that is not allowed",
        _ when part.Contains("--") || part.Contains("..") => "'--' and '..' are not allowed",
        _ when part[0] is '-' or '.' || part[^1] is '-' or '.' => "a part neither begins nor ends with '-' or '.'",
        _ when part.EndsWith(".git", StringComparison.OrdinalIgnoreCase) => "a part does not end with '.git'",
        _ => null,
    };

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,96}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Allowed();
}
