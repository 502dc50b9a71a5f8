using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;
using QuantBuild.HubServer;

namespace QuantBuild.Tests.Hub;

/// <summary>What tests of downloads share.</summary>
public abstract class DownloadTest : HubTest
{
    protected const int Size = 300_000;

    protected Repository Published { get; private set; } = null!;

    private protected HubCache Cache => new(PathTo("cache"));

    protected string RepositoryFolder => PathTo("cache", "models--org--model");

    private protected static HubReference Reference => new(Id, "main");

    /// <summary>Puts files onto the server behind the client's back.</summary>
    protected byte[] Publish(string path, int size, int seed = 1)
    {
        Published = Server.Repositories.GetValueOrDefault(Name) ?? Server.Add(Name);
        var content = new byte[size];
        new Random(seed).NextBytes(content);
        string digest = Digest.Of(content).ToString();
        bool large = size >= Server.LargeFrom;
        if (large)
            File.WriteAllBytes(Server.ObjectPath(digest), content);
        var files = new Dictionary<string, Entry>(Published.Main.Files) { [path] = large
            ? Repository.Large(path, digest, size)
            : Repository.Small(path, content) };
        Published.Heads["refs/heads/main"] = Published.Add(Published.Main, path, files).Id;
        return content;
    }

    private protected async Task<HubSnapshot> Fetch(Func<HubOptions, HubOptions>? change = null, HubReference? reference = null)
    {
        using HubClient client = Connect(change);
        return await HubDownload.FetchAsync(client, Cache, reference ?? Reference, _ => true, ct: Ct);
    }

    protected IEnumerable<Traffic> Transfers => Server.Requests.Where(request => request.Storage && request.Method == "GET");
}
