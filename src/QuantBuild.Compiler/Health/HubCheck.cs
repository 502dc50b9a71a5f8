using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Hub;

namespace QuantBuild.Compiler.Health;

/// <summary>How the Hub would be reached. A token is looked for, and only its origin is told; it is not sent anywhere.</summary>
internal static class HubCheck
{
    public static MachineCheck Of(HubEnvironment environment)
    {
        try
        {
            string endpoint = environment.Endpoint.ToString().TrimEnd('/');
            if (environment.Offline)
                return new MachineCheck("Hub", CheckState.Note, "HF_HUB_OFFLINE is set",
                    $"Nothing is downloaded: hf:// checkpoints must be in {environment.CacheFolder}.");
            if (environment.ImplicitToken && environment.Value("HF_OIDC_RESOURCE") is not null)
                return new MachineCheck("Hub", CheckState.Good, $"{endpoint}, trusted publishing (HF_OIDC_RESOURCE)",
                    "The token is exchanged when it is needed.");
            HubToken? token = TokenDiscovery.FindAsync(new HubOptions { Endpoint = environment.Endpoint }, environment).GetAwaiter()
                .GetResult();
            return token is null
                ? new MachineCheck("Hub", CheckState.Note, $"{endpoint}, no token",
                    $"Public checkpoints can be downloaded; gated ones and `push` need a token: HF_TOKEN, or the file "
                        + $"{environment.TokenFile ?? "that HF_TOKEN_PATH names"}.")
                : new MachineCheck("Hub", CheckState.Good, $"{endpoint}, token from {token.Origin}",
                    "Whether it is valid shows when it is used.");
        }
        catch (DiagnosticException failure)
        {
            Diagnostic problem = failure.Diagnostics[0];
            return new MachineCheck("Hub", CheckState.Note, problem.Message,
                $"Downloads and `push` fail ({problem.Descriptor.Code}): {problem.Descriptor.Cure}");
        }
    }
}
