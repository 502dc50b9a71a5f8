using QuantBuild.HubServer;
using Server = QuantBuild.HubServer.HubServer;

namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>
/// A Hub on this machine, a reduced model, and a home for the tool's own files: nothing of the machine is seen or touched.
/// </summary>
internal sealed class HubFolder : IAsyncDisposable
{
    private HubFolder(Server server, ReducedModel model)
    {
        Server = server;
        Model = model;
    }

    public Server Server { get; }

    public ReducedModel Model { get; }

    public static async Task<HubFolder> StartAsync()
    {
        var model = new ReducedModel();
        return new HubFolder(await Server.StartAsync(model["hub"]), model);
    }

    /// <summary>Variables for the tool, and for what runs it.</summary>
    public Dictionary<string, string?> Environment(params (string Name, string? Value)[] more)
    {
        var all = new Dictionary<string, string?>
        {
            ["HF_ENDPOINT"] = Server.Endpoint.AbsoluteUri,
            ["HF_TOKEN"] = Server.Token,
            ["HF_HOME"] = Model["home"],
            ["HF_HUB_OFFLINE"] = null,
            ["QUANTBUILD_CACHE"] = Model.Store,
            ["GITHUB_ACTIONS"] = null,
            ["TF_BUILD"] = null,
        };
        foreach ((string name, string? value) in more)
            all[name] = value;
        return all;
    }

    /// <summary>Runs the tool; the token must stay out of all it says.</summary>
    public Outcome Run(params string[] arguments) => Run([], arguments);

    /// <summary>Runs the tool with further variables.</summary>
    public Outcome Run((string Name, string? Value)[] variables, params string[] arguments)
    {
        Outcome outcome = Tool.Run(Model.Folder, Environment(variables), arguments);
        Assert.DoesNotContain(Server.Token, outcome.Out + outcome.Error, StringComparison.Ordinal);
        return outcome;
    }

    /// <summary>Changes the manifest.</summary>
    public void Edit(string old, string replacement)
    {
        string text = File.ReadAllText(Model.Manifest);
        Assert.Contains(old, text, StringComparison.Ordinal);
        Model.Write(text.Replace(old, replacement, StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Model.Dispose();
    }
}
