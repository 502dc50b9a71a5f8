using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Polly;
using Polly.Retry;

namespace QuantBuild.Compiler.Hub;

/// <summary>When a request is tried again, and after which pause.</summary>
internal static partial class HubRetries
{
    /// <summary>Tries again what failed on the way: for requests that may be repeated.</summary>
    public static ResiliencePipeline<HttpResponseMessage> ForRepeatable(HubOptions options) => Build(options,
        outcome => outcome.Exception is not null ? IsConnectionFailure(outcome.Exception) : IsTransient(outcome.Result!.StatusCode));

    /// <summary>Tries again only what the server says it has not done.</summary>
    public static ResiliencePipeline<HttpResponseMessage> ForUnrepeatable(HubOptions options) => Build(options,
        outcome => outcome.Result?.StatusCode == HttpStatusCode.TooManyRequests || NeverSent(outcome.Exception));

    /// <summary>Whether the connection failed, rather than the program.</summary>
    public static bool IsConnectionFailure(Exception failure) => failure is HttpRequestException or IOException or TimeoutException;

    /// <summary>Whether another try may succeed.</summary>
    public static bool IsTransient(HttpStatusCode status) => status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
        or HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
        or HttpStatusCode.GatewayTimeout;

    /// <summary>
    /// The pause that the server asks for: the window of its <c>ratelimit</c> header, or Retry-After; a second more, because both are
    /// rounded.
    /// </summary>
    public static TimeSpan? RequestedPause(HttpResponseMessage response, DateTimeOffset now)
    {
        // The header comes with every answer; only where the limit is reached must its window be waited for.
        if (response.StatusCode == HttpStatusCode.TooManyRequests
            && response.Headers.TryGetValues("ratelimit", out IEnumerable<string>? limits)
            && Window().Match(string.Join(',', limits)) is { Success: true } match
            && int.TryParse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds))
        {
            return TimeSpan.FromSeconds(seconds + 1);
        }
        return response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta + TimeSpan.FromSeconds(1),
            { Date: { } date } when date > now => date - now + TimeSpan.FromSeconds(1),
            _ => null,
        };
    }

    private static bool NeverSent(Exception? failure) =>
        failure is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError };

    private static ResiliencePipeline<HttpResponseMessage> Build(HubOptions options, Func<Outcome<HttpResponseMessage>, bool> again) =>
        new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = options.Time }
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = Math.Max(1, options.Tries - 1),
                ShouldHandle = arguments => ValueTask.FromResult(options.Tries > 1 && again(arguments.Outcome)
                    && Pause(options, arguments.Outcome.Result, arguments.AttemptNumber) is not null),
                DelayGenerator = arguments => ValueTask.FromResult(Pause(options, arguments.Outcome.Result, arguments.AttemptNumber)),
                OnRetry = arguments =>
                {
                    string why = arguments.Outcome.Result is { } response ? $"status {(int)response.StatusCode}" : "the connection broke";
                    options.Notice?.Invoke(string.Create(CultureInfo.InvariantCulture,
                        $"{why}; trying again in {arguments.RetryDelay.TotalSeconds:F0} s ({arguments.AttemptNumber + 2} of "
                            + $"{options.Tries})"));
                    arguments.Outcome.Result?.Dispose();
                    return ValueTask.CompletedTask;
                },
            })
            .Build();

    /// <summary>The pause before the next try; null when the server asks for a longer pause than a user would wait for.</summary>
    private static TimeSpan? Pause(HubOptions options, HttpResponseMessage? response, int attempt)
    {
        if (response is not null && RequestedPause(response, options.Time.GetUtcNow()) is { } requested)
            return requested <= options.LongestWait ? requested : null;
        TimeSpan doubled = options.FirstPause * Math.Pow(2, attempt);
        return doubled < options.LongestPause ? doubled : options.LongestPause;
    }

    [GeneratedRegex(@"(?:^|[;,\s])t=(\d{1,6})", RegexOptions.CultureInvariant)]
    private static partial Regex Window();
}
