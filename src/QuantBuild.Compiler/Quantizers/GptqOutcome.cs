using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>What happened while a weight was rounded.</summary>
/// <remarks>
/// By <see cref="Quantizers.Refit"/>, Damping is the ridge, Tries 1, and ErrorEnergy the loss J, which counts the noise of a rounded input.
/// </remarks>
/// <param name="Damping">What was added to the Hessian's diagonal, in the Hessian's units; 0 when no factorization was used.</param>
/// <param name="Tries">
/// Factorizations tried: 0 for round-to-nearest by choice, 1 when the first succeeded, at most <see cref="Gptq.MaxTries"/>.
/// </param>
/// <param name="FellBack">
/// Whether every factorization failed, or the feedback overflowed, so that the weight was rounded to nearest.
/// </param>
/// <param name="DeadColumns">Input channels that were zero in every calibration token; their weights became zero.</param>
/// <param name="ErrorEnergy">
/// <c>tr(E H E^T)</c> with E = W - Q, W without its dead columns and H undamped; null when there is no Hessian, or feedback overflowed.
/// </param>
/// <param name="DiagonalEnergy">
/// <c>sum_k H_kk ||w_k||²</c>: <c>tr(W H W^T)</c> as it would be if input channels were uncorrelated; null when there is no Hessian.
/// </param>
internal sealed record GptqOutcome(double Damping, int Tries, bool FellBack, int DeadColumns, double? ErrorEnergy, double? DiagonalEnergy)
{
    /// <summary><see cref="ErrorEnergy"/> over <see cref="DiagonalEnergy"/>; 0 for a zero denominator.</summary>
    /// <remarks>
    /// The usual denominator, <c>tr(W H W^T)</c>, costs as much as the rounding itself and says nothing about it; see
    /// <see cref="Quantizers.ProxyLoss"/>.
    /// </remarks>
    public double? ProxyLoss => ErrorEnergy is { } error && DiagonalEnergy is { } diagonal ? diagonal == 0 ? 0 : error / diagonal : null;

    /// <summary>What happened to branch and weight together; null where the branch was there before.</summary>
    public RefitOutcome? Refit { get; init; }

    /// <summary>The stored form.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["damping"] = Damping,
            ["tries"] = Tries,
            ["fellBack"] = FellBack,
            ["deadColumns"] = DeadColumns,
            ["errorEnergy"] = ErrorEnergy,
            ["diagonalEnergy"] = DiagonalEnergy,
            ["proxyLoss"] = ProxyLoss,
        };
        if (Refit is not null)
            json["refit"] = Refit.ToJson();
        return json;
    }

    /// <summary>Reads the stored form.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static GptqOutcome FromJson(JsonObject json) =>
        new(json.Member("damping").Number(), json.Member("tries").Integer(), json.Member("fellBack").Flag(),
        json.Member("deadColumns").Integer(), json.Find("errorEnergy")?.Number(), json.Find("diagonalEnergy")?.Number())
        {
            Refit = json.Find("refit") is { } refit ? RefitOutcome.FromJson(refit.Members()) : null,
        };
}
