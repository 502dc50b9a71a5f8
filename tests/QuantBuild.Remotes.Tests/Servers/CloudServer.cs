using System.Diagnostics;
using System.Globalization;
using QuantBuild.Compiler.Store.Remote;
using QuantBuild.Tests.Store.Remote;

namespace QuantBuild.Remotes.Tests.Servers;

/// <summary>A real server of a cloud's protocol on the loopback address, with a folder of its own.</summary>
public abstract class CloudServer : LoopbackServer
{
    private readonly string _program;

    /// <summary>Skips the test where the servers are not installed.</summary>
    private protected CloudServer(string program)
    {
        _program = Path.Combine(Modules, program);
        Assert.SkipUnless(File.Exists(_program), $"there is no {program}: tests/remotes/install.sh");
        Files = PathTo("files");
        Directory.CreateDirectory(Files);
    }

    /// <summary>Where it keeps what it was sent.</summary>
    public string Files { get; }

    /// <summary>What a tool needs in its environment, beside an address.</summary>
    /// <param name="port">A port that leads to the server.</param>
    /// <param name="secret">The secret of the credentials; null for the right one.</param>
    public abstract IReadOnlyDictionary<string, string?> Variables(int port, string? secret = null);

    /// <summary>A secret that the server does not know.</summary>
    public abstract string WrongSecret { get; }

    /// <summary>The address of a store.</summary>
    public abstract string AddressOf(string prefix);

    /// <summary>An address beside all that exist.</summary>
    public abstract string MissingAddress { get; }

    /// <summary>Opens a store as the tool does, through the package's provider.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="port">A port that leads to the server; null for its own.</param>
    internal RemoteStore Open(string address, int? port = null) =>
        new CloudRemotes().Open(new Uri(address), address, Options(address, port));

    /// <summary>Options with the environment variables of this server.</summary>
    internal RemoteStoreOptions Options(string address, int? port = null)
    {
        IReadOnlyDictionary<string, string?> variables = Variables(port ?? Port);
        return new RemoteStoreOptions(address) { Environment = name => variables.GetValueOrDefault(name) };
    }

    private protected override ProcessStartInfo Command()
    {
        var start = new ProcessStartInfo("node", [_program, .. Arguments]);
        foreach ((string name, string? value) in ServerVariables)
            start.Environment[name] = value;
        return start;
    }

    private protected abstract IEnumerable<string> Arguments { get; }

    private protected virtual IReadOnlyDictionary<string, string?> ServerVariables => new Dictionary<string, string?>();

    private protected string PortText => Port.ToString(CultureInfo.InvariantCulture);

    private static string Modules => Path.Combine(Environment.GetEnvironmentVariable("QUANTBUILD_TEST_SERVERS")
        ?? Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "quantbuild-tests", "servers"),
        "node_modules");
}
