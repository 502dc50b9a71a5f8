using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Hub;

/// <summary>
/// What a server says, on its way into messages, logs and exceptions: the one place where secrets are replaced in it, its control
/// characters are removed, and it is shortened. Servers repeat what they were sent, in every header and in every form.
/// </summary>
/// <param name="secrets">The secrets of the call.</param>
internal sealed partial class ServerText(params IEnumerable<HubToken?> secrets)
{
    private const int Longest = 400;
    private const int LongestId = 100;

    private readonly HubToken[] _secrets = [.. secrets.OfType<HubToken>()];

    /// <summary>Text of a server on one line. Secrets are replaced before the text is shortened, so that no half of one stays.</summary>
    public string Of(string text, int longest = Longest)
    {
        string safe = _secrets.Aggregate(text, (rest, secret) => secret.Redact(rest));
        safe = Assignment().Replace(safe, "$1***");
        safe = Credential().Replace(safe, "***");
        return Plain(safe, longest);
    }

    /// <summary>Text of a server that is used as a name or an address.</summary>
    /// <exception cref="FormatException">It has a secret in it: whatever is made of it would give that away.</exception>
    public string RequireNoSecret(string text) =>
        _secrets.Any(secret => secret.IsIn(text)) ? throw new FormatException("a value repeats the token") : text;

    /// <summary>A value that becomes a name, a path or an address.</summary>
    /// <exception cref="FormatException">It is no text, or has a secret in it.</exception>
    public string NameIn(JsonNode? node) => RequireNoSecret(node.Text());

    /// <summary>A value that is the name of a commit. It becomes a folder's name in the cache.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public string CommitIn(JsonNode? node) => NameIn(node) is { Length: 40 } text && text.All(char.IsAsciiHexDigitLower)
        ? text
        : throw new FormatException("the commit is not 40 hexadecimal digits");

    /// <summary>The request's name in the server's logs: what the server says it is, else what was sent.</summary>
    public string IdOf(HttpResponseMessage response)
    {
        foreach (string name in (string[])["X-Request-Id", "X-Amzn-Trace-Id", "X-Amz-Cf-Id"])
        {
            if (HubFailures.Header(response, name) is { } id)
                return Of(id, LongestId);
        }
        return response.RequestMessage is { } request && request.Headers.TryGetValues("X-Amzn-Trace-Id", out IEnumerable<string>? sent)
            ? sent.First() : "unknown";
    }

    /// <summary>An address: without query and user name, which may be secrets.</summary>
    public string Of(Uri address) => Of(address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped));

    /// <summary>An exception whose message a server may have had a part in, as one that tells no more than its own messages may.</summary>
    public IOException Of(Exception failure)
    {
        var all = new List<string>();
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
            all.Add($"{cause.GetType().Name}: {cause.Message}");
        return new IOException(Of(string.Join(" <- ", all)));
    }

    /// <summary>Text on one line, printable and not endless.</summary>
    public static string Plain(string text, int longest = Longest)
    {
        var line = new StringBuilder(Math.Min(text.Length, longest));
        foreach (char c in text.AsSpan().Trim())
        {
            if (line.Length == longest)
            {
                line.Append('…');
                break;
            }
            line.Append(char.IsControl(c) ? ' ' : c);
        }
        return PrintableText.Line(line.ToString());
    }

    /// <summary>Values behind a name that tells that they are secret: in queries, headers and messages.</summary>
    [GeneratedRegex(@"((?:[?&;,\s]|\A)[\w.-]*(?:signature|token|credential|secret|password|passwd|api[-_]?key|sig)[\w.-]*=|\b(?:bearer|basic)\s+(?=\S*\d))[^&;,\s""']+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Assignment();

    /// <summary>Tokens of the Hub, tokens of the form of JWT, keys of AWS, and user names in addresses.</summary>
    [GeneratedRegex(@"\b(?:hf|api_org|hf_oauth|hf_jwt)_[A-Za-z0-9]{12,}|\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|(?<=://)[^/\s@]+@", RegexOptions.CultureInvariant)]
    private static partial Regex Credential();
}
