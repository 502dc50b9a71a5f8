using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace QuantBuild.HubServer;

/// <summary>A file in a commit; content is null for one stored by LFS.</summary>
public sealed record Entry(string Path, long Size, string GitId, string? LfsId, byte[]? Content);

/// <summary>A commit.</summary>
public sealed record Commit(string Id, string? Parent, string Title, IReadOnlyDictionary<string, Entry> Files);

/// <summary>A model repository in memory.</summary>
public sealed class Repository
{
    public Repository(string id)
    {
        Id = id;
        Commits = [];
        Heads = new(StringComparer.Ordinal) { ["refs/heads/main"] =
            Add(null, "initial commit", new Dictionary<string, Entry>(StringComparer.Ordinal)).Id };
    }

    public string Id { get; }

    public bool Private { get; set; }

    public bool Gated { get; set; }

    /// <summary>Full names of branches, tags and pull requests, and the commits they point to.</summary>
    public Dictionary<string, string> Heads { get; }

    public Dictionary<string, Commit> Commits { get; }

    public Commit Main => Commits[Heads["refs/heads/main"]];

    /// <summary>The commit that a revision names; null when there is none.</summary>
    public Commit? Find(string revision) =>
        Commits.GetValueOrDefault(revision)
        ?? (((string[])[revision, $"refs/heads/{revision}", $"refs/tags/{revision}"])
            .Select(name => Heads.GetValueOrDefault(name)).FirstOrDefault(id => id is not null) is { } id ? Commits[id] : null);

    public Commit Add(Commit? parent, string title, IReadOnlyDictionary<string, Entry> files)
    {
        string id = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes($"{Id} {Commits.Count} {parent?.Id} {title}")));
        return Commits[id] = new Commit(id, parent?.Id, title, files);
    }

    /// <summary>A file as git stores it.</summary>
    public static Entry Small(string path, byte[] content) => new(path, content.Length, GitIdOf(content), null, content);

    /// <summary>A file as LFS stores it.</summary>
    public static Entry Large(string path, string digest, long size) =>
        new(path, size, GitIdOf(Encoding.UTF8.GetBytes($"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n")),
            digest, null);

    private static string GitIdOf(byte[] content) => Convert.ToHexStringLower(SHA1.HashData(
        [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {content.Length}\0")), .. content]));
}
