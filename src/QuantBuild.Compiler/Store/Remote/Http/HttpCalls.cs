using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Polly;
using Polly.Retry;

namespace QuantBuild.Compiler.Store.Remote.Http;

/// <summary>Requests to a server: authorized, tried again where that may help, and failing with an <see cref="IOException"/>.</summary>
internal sealed class HttpCalls : IDisposable
{
    // Larger bodies are sent when the server has said that it wants them: a refusal is then an answer and no broken connection.
    private const long LargeBody = 1 << 20;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly HttpClient _http;
    private readonly HttpAuthorization? _authorization;

    /// <summary>Begins; nothing is sent yet.</summary>
    /// <param name="authorization">Goes along with every request; null for none.</param>
    /// <param name="limits">How long a server is waited for.</param>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The client owns its handler.")]
    public HttpCalls(HttpAuthorization? authorization, HttpLimits limits)
    {
        _authorization = authorization;
        Limits = limits;
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = limits.Stall,
            Expect100ContinueTimeout = TimeSpan.FromSeconds(2),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd($"quantbuild/{ToolVersion.Text.Split('+')[0]}");
    }

    /// <summary>How long a server is waited for.</summary>
    public HttpLimits Limits { get; }

    /// <summary>Sends a request without a body; the answer's body is still to be read.</summary>
    /// <returns>The answer; null when the server has no such thing.</returns>
    /// <exception cref="IOException">The server fails, refuses, or cannot be reached.</exception>
    public Task<HttpResponseMessage?> SendAsync(Func<HttpRequestMessage> request, string purpose, CancellationToken ct) =>
        SendAsync(request, () => true, Limits.Stall, purpose, ct);

    /// <summary>Sends a body. How long that may take is the caller's to say: it depends on the length.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="content">Makes the body anew for each try.</param>
    /// <param name="again">Whether another try makes sense.</param>
    /// <param name="purpose">What it is for, in messages.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="IOException">The server fails, refuses, or cannot be reached.</exception>
    public async Task<HttpResponseMessage> PutAsync(Uri address, Func<HttpContent> content, Func<bool> again, string purpose,
        CancellationToken ct) =>
        await SendAsync(() =>
        {
            var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = content() };
            request.Headers.ExpectContinue = request.Content.Headers.ContentLength > LargeBody;
            return request;
        }, again, Timeout.InfiniteTimeSpan, purpose, ct) ?? throw new IOException($"{purpose}: the server knows no such address (404)");

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage?> SendAsync(Func<HttpRequestMessage> request, Func<bool> again, TimeSpan limit, string purpose,
        CancellationToken ct)
    {
        HttpResponseMessage response;
        try
        {
            response = await Retries(again).ExecuteAsync(async token => await TryAsync(request, limit, token), ct);
        }
        catch (HttpRequestException failure)
        {
            throw new IOException($"{purpose}: {Innermost(failure)}", failure);
        }
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
        {
            return response.StatusCode == HttpStatusCode.NotFound ? null
                : throw new IOException($"{purpose}: {Refusal(response)}");
        }
    }

    private async Task<HttpResponseMessage> TryAsync(Func<HttpRequestMessage> make, TimeSpan limit, CancellationToken ct)
    {
        using HttpRequestMessage request = make();
        _authorization?.Authorize(request);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limited.CancelAfter(limit);
        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limited.Token);
        }
        catch (OperationCanceledException slow) when (!ct.IsCancellationRequested)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"no answer in {limit.TotalSeconds:0.#} s"), slow);
        }
    }

    private ResiliencePipeline<HttpResponseMessage> Retries(Func<bool> again) => Limits.Tries < 2
        ? ResiliencePipeline<HttpResponseMessage>.Empty
        : new ResiliencePipelineBuilder<HttpResponseMessage>().AddRetry(new RetryStrategyOptions<HttpResponseMessage>
        {
            MaxRetryAttempts = Limits.Tries - 1,
            BackoffType = DelayBackoffType.Exponential,
            Delay = Limits.FirstPause,
            MaxDelay = LongestPause,
            UseJitter = true,
            ShouldHandle = arguments => ValueTask.FromResult(again() && MayHelp(arguments.Outcome)),
            OnRetry = arguments =>
            {
                arguments.Outcome.Result?.Dispose();
                return ValueTask.CompletedTask;
            },
        }).Build();

    private static bool MayHelp(Outcome<HttpResponseMessage> outcome) => outcome.Exception is { } failure
        ? failure is HttpRequestException or IOException
        : outcome.Result!.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
            or HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
            or HttpStatusCode.GatewayTimeout;

    private string Refusal(HttpResponseMessage response)
    {
        string status = string.Create(CultureInfo.InvariantCulture, $"the server answered {(int)response.StatusCode}");
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                $"{status}: it wants other credentials than {_authorization?.ToString() ?? "none"}",
            HttpStatusCode.RequestEntityTooLarge => $"{status}: it takes no files that large",
            HttpStatusCode.InsufficientStorage => $"{status}: it is full",
            >= HttpStatusCode.MovedPermanently and < HttpStatusCode.BadRequest =>
                $"{status}: a redirect, which is not followed; name the address that it leads to",
            _ => status,
        };
    }

    private static string Innermost(Exception failure) => failure.InnerException is { } inner ? Innermost(inner) : failure.Message;
}
