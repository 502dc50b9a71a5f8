using System.Net.Http.Headers;

namespace QuantBuild.Compiler.Hub;

/// <summary>A secret of the Hub. Nothing but a request to the endpoint ever sees its text.</summary>
internal sealed class HubToken
{
    private readonly string _secret;
    private readonly SecretForms _forms;

    private HubToken(string secret, string origin)
    {
        _secret = secret;
        _forms = new SecretForms(secret);
        Origin = origin;
    }

    /// <summary>Where it came from, for messages: such as <c>HF_TOKEN</c>.</summary>
    public string Origin { get; }

    /// <summary>A token from its text; null when the text is empty or cannot be part of a header.</summary>
    /// <param name="text">The secret; white space around it is dropped.</param>
    /// <param name="origin">Where it came from.</param>
    public static HubToken? From(string? text, string origin)
    {
        string secret = text?.Trim() ?? "";
        return secret.Length > 0 && secret.All(c => c is > ' ' and < (char)127) ? new HubToken(secret, origin) : null;
    }

    /// <summary>Adds the token to a request.</summary>
    internal void Authorize(HttpRequestMessage request) => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _secret);

    /// <summary>Puts the secret into a body.</summary>
    internal HttpContent Write(Func<string, HttpContent> body) => body(_secret);

    /// <summary>Text of somebody else with every form of the secret replaced.</summary>
    internal string Redact(string text) => _forms.BlotOut(text);

    /// <summary>Whether somebody else's text has the secret, in whatever form.</summary>
    internal bool IsIn(string text) => _forms.AreIn(text);

    /// <summary>Says where the token came from, never what it is.</summary>
    public override string ToString() => $"token from {Origin}";
}
