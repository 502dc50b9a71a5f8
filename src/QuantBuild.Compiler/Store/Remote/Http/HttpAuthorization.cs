using System.Net.Http.Headers;
using System.Text;

namespace QuantBuild.Compiler.Store.Remote.Http;

/// <summary>Credentials for a server. Nothing but a request to it ever sees them: messages have <see cref="ToString"/>.</summary>
internal sealed class HttpAuthorization
{
    /// <summary>An environment variable with a value of the header Authorization.</summary>
    public const string Variable = "QUANTBUILD_REMOTE_AUTHORIZATION";

    private readonly AuthenticationHeaderValue _header;
    private readonly string _origin;

    private HttpAuthorization(AuthenticationHeaderValue header, string origin) => (_header, _origin) = (header, origin);

    /// <summary>A header's value, such as <c>Bearer abc</c>; null when it is none.</summary>
    /// <param name="text">The value.</param>
    /// <param name="origin">Where it comes from, for messages.</param>
    public static HttpAuthorization? OfHeader(string? text, string origin) =>
        AuthenticationHeaderValue.TryParse(text?.Trim(), out AuthenticationHeaderValue? header) && header.Parameter is { Length: > 0 }
            ? new HttpAuthorization(header, origin) : null;

    /// <summary>A name and a password (RFC 7617).</summary>
    /// <param name="name">The name.</param>
    /// <param name="password">The password.</param>
    /// <param name="origin">Where they come from, for messages.</param>
    public static HttpAuthorization Basic(string name, string password, string origin) =>
        new(new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}"))), origin);

    /// <summary>The credentials for a server: the variable's, else those of a netrc file; null for none.</summary>
    /// <param name="host">The server.</param>
    /// <param name="read">Looks an environment variable up; null when it is not set.</param>
    /// <param name="home">The user's folder; empty for none.</param>
    /// <exception cref="FormatException">The variable is set to what is no header's value; its text is not in the message.</exception>
    public static HttpAuthorization? For(string host, Func<string, string?> read, string home)
    {
        if (read(Variable) is { Length: > 0 } value)
            return OfHeader(value, Variable) ?? throw new FormatException($"{Variable} has no value such as 'Bearer …' or 'Basic …'");
        foreach (string path in Files(read, home))
        {
            if (Text(path) is { } text && Netrc.Find(text, host) is { } entry)
                return Basic(entry.Login, entry.Password, path);
        }
        return null;
    }

    /// <summary>Adds the credentials to a request.</summary>
    internal void Authorize(HttpRequestMessage request) => request.Headers.Authorization = _header;

    /// <summary>Says where they come from, never what they are.</summary>
    public override string ToString() => $"those of {_origin}";

    private static IEnumerable<string> Files(Func<string, string?> read, string home) => read("NETRC") is { Length: > 0 } named ? [named]
        : home.Length == 0 ? [] : [Path.Combine(home, ".netrc"), Path.Combine(home, "_netrc")];

    private static string? Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            return null;
        }
    }
}
