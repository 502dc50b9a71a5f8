using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;

namespace QuantBuild.BackendTests;

/// <summary>Runs a step, and tells all of its result in one digest.</summary>
internal static class StepResult
{
    /// <summary>SHA-256 of everything a step found, in hexadecimal.</summary>
    public static string Of(LayerStep step, ILayerCompute compute, LayerCase layer, IReadOnlyCollection<int> steps, int threads,
        CancellationToken ct)
    {
        using var content = new MemoryStream();
        switch (step)
        {
            case LayerStep.Rotate:
                RotationErrors rotation = compute.Rotate(steps, threads, ct);
                Add(content, rotation.Plain, rotation.Rotated);
                break;
            case LayerStep.Curve:
                Add(content, [.. compute.Curve(steps, threads, ct).SelectMany(point => new[] { point.Rank, point.Loss })]);
                break;
            case LayerStep.LowRank:
                LowRankBranch branch = compute.LowRank(threads, ct);
                content.Write(MemoryMarshal.AsBytes<ushort>(branch.UpBits));
                content.Write(MemoryMarshal.AsBytes<ushort>(branch.DownBits));
                Add(content, branch.Passes, branch.Excess);
                break;
            case LayerStep.Round:
                GptqResult rounded = compute.Round(steps, threads, ct);
                content.Write(rounded.Codes);
                content.Write(rounded.Scales);
                Add(content, rounded.Outcome.Damping, rounded.Outcome.ErrorEnergy ?? -1, rounded.Outcome.DiagonalEnergy ?? -1);
                break;
            case LayerStep.Clip:
                ClipResult clip = compute.Clip(layer.Layer.Recipe.Activations, steps, threads, ct);
                Add(content, [clip.ChosenIndex, .. clip.Candidates.Select(candidate => candidate.Error)]);
                break;
            case LayerStep.Measure:
                ClipSetting? setting = layer.Layer.Recipe.Precision == Precision.W4A4 ? new ClipSetting(0.8f) : null;
                LadderErrors errors = compute.Measure(setting, steps, threads, ct);
                Add(content, [errors.Tokens,
                    .. errors.Sums.SelectMany(sums => new[] { sums.Reference, sums.Difference, sums.Product, sums.Output })]);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(step));
        }
        return Convert.ToHexStringLower(SHA256.HashData(content.ToArray()));
    }

    private static void Add(MemoryStream content, params double[] values) => content.Write(MemoryMarshal.AsBytes<double>(values));
}
