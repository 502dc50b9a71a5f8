using System.Globalization;
using System.Net;
using Polly;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Hub;

/// <summary>Sends requests: with the token where it belongs, again where that helps, and along redirects that are harmless.</summary>
/// <remarks>
/// Tokens are added in one place, and the Hub's only when scheme, host and port are the endpoint's. Redirects are followed by hand, because
/// the base library's own following drops the token even when a repository was merely renamed, and the headers of the first answer.
/// </remarks>
internal sealed class HubTransport : IDisposable
{
    private const int MostRedirects = 5;

    /// <summary>Answers are somebody else's bytes: what is read whole is limited in size.</summary>
    private const int LargestAnswer = 1 << 26;

    private static readonly Uri PublicHub = new(HubEnvironment.DefaultEndpoint);

    private readonly SocketsHttpHandler _handler = new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        UseCookies = false,
    };

    private readonly HttpClient _http;
    private readonly ResiliencePipeline<HttpResponseMessage> _repeatable;
    private readonly ResiliencePipeline<HttpResponseMessage> _unrepeatable;

    public HubTransport(HubOptions options)
    {
        Options = options;
        _http = new HttpClient(_handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
        _repeatable = HubRetries.ForRepeatable(options);
        _unrepeatable = HubRetries.ForUnrepeatable(options);
    }

    public HubOptions Options { get; }

    /// <summary>An address below the endpoint.</summary>
    public Uri Address(string relative) => new(Options.Endpoint, relative);

    /// <summary>Whether an address has the endpoint's scheme, host and port.</summary>
    public bool IsEndpoint(Uri address) => Uri.Compare(address, Options.Endpoint, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped,
        StringComparison.OrdinalIgnoreCase) == 0;

    /// <summary>
    /// An address of the public Hub as one of the endpoint, when the endpoint is a mirror of it; storage stays where it is.
    /// </summary>
    public Uri OnEndpoint(Uri address) => SameOrigin(address, PublicHub)
        ? new Uri(Options.Endpoint, address.PathAndQuery.TrimStart('/'))
        : address;

    /// <summary>
    /// Sends a request until it has an answer that the caller understands, body and all; that of one that streams is not read yet.
    /// </summary>
    /// <exception cref="DiagnosticException">The server refuses or cannot be reached (QB50xx).</exception>
    public async Task<HttpResponseMessage> SendAsync(HubRequest request, CancellationToken ct)
    {
        int tries = 0;
        try
        {
            HttpResponseMessage response = await (request.Repeatable ? _repeatable : _unrepeatable).ExecuteAsync(async token =>
            {
                tries++;
                return await TryAsync(request, token);
            }, ct);
            if (Options.Notice is { } notice && HubFailures.Header(response, "X-HF-Warning") is { } warning)
                notice(TextOf(request).Of(warning));
            if (response.IsSuccessStatusCode || request.Accepts(response.StatusCode)
                || (request.HandsOutRedirects && IsRedirect(response.StatusCode)))
                return response;
            using (response)
                throw await HubFailures.FromAsync(this, request, response, ct);
        }
        catch (Exception failure) when (HubRetries.IsConnectionFailure(failure))
        {
            throw Unreachable(request, tries, failure);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _handler.Dispose();
    }

    /// <summary>How to show what a server says to a request.</summary>
    public ServerText TextOf(HubRequest request) => new(Options.Token, request.Token, request.Secret);

    /// <summary>The diagnostic for a connection that failed for good.</summary>
    public DiagnosticException Unreachable(HubRequest request, int tries, Exception failure)
    {
        ServerText texts = TextOf(request);
        return new DiagnosticException(Descriptors.HubUnreachable.At(null, request.Purpose, texts.Of(request.Address.Authority), tries,
            texts.Of(failure.Message)), texts.Of(failure));
    }

    private async Task<HttpResponseMessage> TryAsync(HubRequest request, CancellationToken ct)
    {
        StallWatch watch = request.Watch ?? new StallWatch(Options.Stall);
        using CancellationTokenSource limited = watch.Begin(ct);
        try
        {
            return await FollowAsync(request, limited.Token);
        }
        catch (OperationCanceledException failure) when (!ct.IsCancellationRequested)
        {
            throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"nothing moved for {Options.Stall.TotalSeconds:F0} s"),
                failure);
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new DiagnosticException(Descriptors.HubAnswerInvalid.At(null, request.Purpose, "it is too long", "unknown"),
                TextOf(request).Of(failure));
        }
    }

    private async Task<HttpResponseMessage> FollowAsync(HubRequest request, CancellationToken ct)
    {
        Uri address = request.Address;
        for (int hop = 0; ; hop++)
        {
            HttpResponseMessage response = await SendOnceAsync(request, address, ct);
            if (!IsRedirect(response.StatusCode) || response.Headers.Location is not { } location)
                return response;
            Uri next = location.IsAbsoluteUri ? location : new Uri(address, location);
            bool away = !SameOrigin(address, next);
            if (away && request.HandsOutRedirects && IsSafe(address, next))
                return response;
            response.Dispose();
            string? fault = hop == MostRedirects ? "there are too many"
                : !IsSafe(address, next) ? "it leaves https"
                : away ? "it leads to another server"
                : null;
            if (fault is not null)
                throw new DiagnosticException(Descriptors.HubRedirectRefused.At(null, request.Purpose, TextOf(request).Of(next), fault));
            address = next;
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HubRequest request, Uri address, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(request.Method, address) { Content = request.Content?.Invoke() };
        message.Headers.TryAddWithoutValidation("User-Agent", $"quantbuild/{ToolVersion.Text}");
        if (request.Token is { } own && SameOrigin(address, request.Address))
            own.Authorize(message);
        else if (IsEndpoint(address))
        {
            message.Headers.TryAddWithoutValidation("X-Amzn-Trace-Id", Guid.NewGuid().ToString());
            if (request.Authorized)
                Options.Token?.Authorize(message);
        }
        foreach ((string name, string value) in request.Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, value))
                message.Content?.Headers.TryAddWithoutValidation(name, value);
        }
        HttpResponseMessage response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, ct);
        if (request.Streams && response.IsSuccessStatusCode)
            return response;
        try
        {
            // With the answer, so that a body that breaks off or never comes is tried again like one that does not begin.
            await response.Content.LoadIntoBufferAsync(LargestAnswer, ct);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static bool IsRedirect(HttpStatusCode status) => (int)status is 301 or 302 or 303 or 307 or 308;

    private static bool SameOrigin(Uri one, Uri other) =>
        Uri.Compare(one, other, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static bool IsSafe(Uri from, Uri to) =>
        to.Scheme == Uri.UriSchemeHttps || (to.Scheme == Uri.UriSchemeHttp && from.Scheme == Uri.UriSchemeHttp);
}
