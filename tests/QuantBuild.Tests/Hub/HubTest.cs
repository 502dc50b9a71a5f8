using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;
using QuantBuild.HubServer;
using Server = QuantBuild.HubServer.HubServer;

namespace QuantBuild.Tests.Hub;

/// <summary>A Hub of its own for each test, and a folder for what the test writes.</summary>
public abstract class HubTest : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-hub-").FullName;

    protected const string HubServerToken = QuantBuild.HubServer.HubServer.Token;

    protected const string Name = "org/model";

    private protected static readonly RepoId Id = RepoId.Parse(Name);

    internal InstantTime Time { get; } = new();

    protected Server Server { get; private set; } = null!;

    internal List<string> Notices { get; } = [];

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    private protected HubOptions Options => new()
    {
        Endpoint = Server.Endpoint,
        Token = HubToken.From(HubServerToken, "the test"),
        StateFolder = PathTo("state"),
        Time = Time,
        Notice = Notices.Add,
    };

    public async ValueTask InitializeAsync() => Server = await QuantBuild.HubServer.HubServer.StartAsync(PathTo("server"));

    public virtual async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected string PathTo(params string[] parts) => Path.Combine([_folder, .. parts]);

    private protected HubClient Connect(Func<HubOptions, HubOptions>? change = null) => new(change is null ? Options : change(Options));

    /// <summary>A file of bytes that no other seed has.</summary>
    protected string Write(string name, int size, int seed = 1)
    {
        var bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        string path = PathTo(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>Expects a diagnostic, and that nothing of it gives the token away.</summary>
    protected static async Task<string> FailsAsync(string code, Func<Task> action)
    {
        DiagnosticException failure = await Assert.ThrowsAsync<DiagnosticException>(action);
        Assert.Equal(code, failure.Diagnostics[0].Descriptor.Code);
        Assert.DoesNotContain(HubServerToken, failure.ToString());
        return failure.Diagnostics[0].Message;
    }

    /// <summary>Nothing but the Hub's own origin ever saw a token.</summary>
    protected void AssertTokenStayed() =>
        Assert.All(Server.Requests.Where(request => request.Storage), request => Assert.Null(request.Authorization));
}
