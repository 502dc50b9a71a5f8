using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Hub;

/// <summary>The environment variables by which all clients of the Hub are configured.</summary>
/// <param name="read">Looks a variable up; null when it is not set.</param>
internal sealed class HubEnvironment(Func<string, string?> read)
{
    /// <summary>The endpoint used when HF_ENDPOINT is not set.</summary>
    public const string DefaultEndpoint = "https://huggingface.co";

    private readonly UserFolders _folders = new(name => read(name) is { } text && !string.IsNullOrWhiteSpace(text) ? text.Trim() : null);

    /// <summary>The variables of this process.</summary>
    public static HubEnvironment OfProcess() => new(Environment.GetEnvironmentVariable);

    /// <summary>HF_ENDPOINT, or the public Hub.</summary>
    /// <exception cref="DiagnosticException">It cannot be an endpoint (QB5006).</exception>
    public Uri Endpoint => EndpointFrom(Value("HF_ENDPOINT") ?? DefaultEndpoint);

    /// <summary>HF_HUB_CACHE, or <c>hub</c> in HF_HOME.</summary>
    /// <exception cref="DiagnosticException">Neither is set, and the user has no home folder (QB4050).</exception>
    public string CacheFolder => Path.GetFullPath(Value("HF_HUB_CACHE") ?? Value("HUGGINGFACE_HUB_CACHE")
        ?? Path.Combine(Home ?? HomeIn(_folders.RequireHome("downloads from the Hub", "HF_HUB_CACHE or HF_HOME")), "hub"));

    /// <summary>
    /// HF_TOKEN_PATH, or <c>token</c> in HF_HOME; null when neither is set and the user has no home folder, where a token could be.
    /// </summary>
    public string? TokenFile => (Value("HF_TOKEN_PATH") ?? (Home is { } home ? Path.Combine(home, "token") : null)) is { } path
        ? Path.GetFullPath(path)
        : null;

    /// <summary>Whether HF_HUB_OFFLINE forbids to use the network.</summary>
    public bool Offline => Flag("HF_HUB_OFFLINE");

    /// <summary>Whether tokens found by themselves may be used at all: not when HF_HUB_DISABLE_IMPLICIT_TOKEN is set.</summary>
    public bool ImplicitToken => !Flag("HF_HUB_DISABLE_IMPLICIT_TOKEN");

    private string? Home => Value("HF_HOME")
        ?? (_folders.XdgCaches is { } caches ? Path.Combine(caches, "huggingface") : _folders.Home is { } home ? HomeIn(home) : null);

    private static string HomeIn(string home) => Path.Combine(home, ".cache", "huggingface");

    /// <summary>A variable's text; null when it is unset or blank.</summary>
    public string? Value(string name) => read(name) is { } text && !string.IsNullOrWhiteSpace(text) ? text.Trim() : null;

    /// <summary>Checks an endpoint and gives it a closing slash.</summary>
    /// <exception cref="DiagnosticException">It is no address, or not encrypted and not on this machine (QB5006).</exception>
    public static Uri EndpointFrom(string text)
    {
        string? fault = !Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out Uri? address) || address.Host.Length == 0
            ? "it is not an address"
            : address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0
            ? "user name, query and fragment are not allowed"
            : address.Scheme != Uri.UriSchemeHttps && !(address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)
            ? "it must be https, or http on this machine"
            : null;
        if (fault is null)
            return address!;
        // A user name may be followed by a password.
        string shown = address is { UserInfo.Length: > 0 } ? address.Host : text;
        throw new DiagnosticException(Descriptors.HubEndpointInvalid.At(null, shown, fault));
    }

    private bool Flag(string name) => Value(name)?.ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE";
}
