using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Hub;

/// <summary>Finds the token, in the order in which all clients of the Hub look for it.</summary>
internal static class TokenDiscovery
{
    private const long LargestFile = 1 << 14;

    /// <summary>
    /// The token that was given, else that of trusted publishing (when HF_OIDC_RESOURCE is set), else HF_TOKEN, else the token file.
    /// </summary>
    /// <param name="options">The Hub, for the exchange.</param>
    /// <param name="environment">The variables.</param>
    /// <param name="given">A token that the caller was given.</param>
    /// <param name="ct">Ends the exchange.</param>
    /// <returns>The token; null when there is none.</returns>
    /// <exception cref="DiagnosticException">
    /// The exchange failed (QB5005), the token file cannot be read (QB4002, QB4006), or what is there cannot be a token (QB5007): going on
    /// without, or with the token of somebody else, is not what was meant.
    /// </exception>
    public static async Task<HubToken?> FindAsync(HubOptions options, HubEnvironment environment, string? given = null,
        CancellationToken ct = default)
    {
        if (HubToken.From(given, "the caller") is { } explicitToken)
            return explicitToken;
        if (!environment.ImplicitToken)
            return null;
        return environment.Value("HF_OIDC_RESOURCE") is { } resource ? await TokenExchange.RunAsync(options, environment, resource, ct)
            : From(environment.Value("HF_TOKEN"), "HF_TOKEN")
            ?? From(environment.Value("HUGGING_FACE_HUB_TOKEN"), "HUGGING_FACE_HUB_TOKEN")
            ?? FromFile(environment.TokenFile);
    }

    private static HubToken? From(string? text, string origin) => string.IsNullOrWhiteSpace(text) ? null
        : HubToken.From(text, origin) ?? throw Malformed(origin);

    private static DiagnosticException Malformed(string origin) => new(Descriptors.HubTokenMalformed.At(null, origin));

    private static HubToken? FromFile(string? path)
    {
        if (path is null)
            return null;
        try
        {
            var file = new FileInfo(path);
            return !file.Exists ? null : file.Length <= LargestFile ? From(File.ReadAllText(path), path) : throw Malformed(path);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, path);
        }
    }
}
