using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;
using QuantBuild.Formats;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Calibration;

/// <summary>Reads the values of recorded activations once: their digests, and whether they can be true.</summary>
internal static class ActivationValues
{
    /// <summary>Kind of fact in the store's memo.</summary>
    public const string Kind = "activations-1";

    // Tokens are rounded to bfloat16, absmax is not: a token may come out larger by half a unit of its last place.
    private const float Rounding = 1 + (1f / 128);

    /// <summary>Digest of every tensor by name.</summary>
    /// <exception cref="DiagnosticException">
    /// Values are not finite, or a token is larger than the absmax of its step (QB3112); one report per tensor.
    /// </exception>
    public static JsonObject Check(SafeTensorsFile file, ActivationsSection section, CancellationToken cancellation)
    {
        var digests = new JsonObject();
        var problems = new List<Diagnostic>();
        foreach ((string name, TensorInfo tensor) in file.Tensors.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> bytes = file.Bytes(name);
            digests[name] = TensorDigests.Of(tensor.DType, tensor.Shape, bytes).ToString();
            string? fault = name.EndsWith("/absmax", StringComparison.Ordinal) ? FaultOfAbsmax(bytes)
                : name.EndsWith("/tokens", StringComparison.Ordinal)
                ? FaultOfTokens(tensor, bytes, file.Bytes(name[..^"tokens".Length] + "absmax"))
                : null;
            if (fault is not null)
                problems.Add(Descriptors.ActivationsTensor.At(section.Span, file.Path, name, fault));
            file.Release(name, 0, tensor.ByteLength);
        }
        return problems.Count == 0 ? digests : throw new DiagnosticException(problems);
    }

    private static string? FaultOfAbsmax(ReadOnlySpan<byte> bytes)
    {
        foreach (float value in MemoryMarshal.Cast<byte, float>(bytes))
        {
            if (!(value >= 0) || float.IsInfinity(value))
                return FormattableString.Invariant($"holds {value}; maxima are finite and not negative");
        }
        return null;
    }

    private static string? FaultOfTokens(TensorInfo tensor, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> absmaxBytes)
    {
        ReadOnlySpan<ushort> bits = MemoryMarshal.Cast<byte, ushort>(bytes);
        ReadOnlySpan<float> absmax = MemoryMarshal.Cast<byte, float>(absmaxBytes);
        (int tokens, int channels) = ((int)tensor.Shape[1], (int)tensor.Shape[2]);
        var row = new float[channels];
        for (int token = 0; token < bits.Length / channels; token++)
        {
            BFloat16.ToSingle(bits.Slice(token * channels, channels), row);
            ReadOnlySpan<float> largest = absmax.Slice(token / tokens * channels, channels);
            for (int channel = 0; channel < channels; channel++)
            {
                // NaN compares false.
                if (!(Math.Abs(row[channel]) <= largest[channel] * Rounding) || float.IsInfinity(row[channel]))
                    return FormattableString
                        .Invariant($"holds {row[channel]} at step {token / tokens}, token {token % tokens}, channel {channel}, where absmax is {largest[channel]}");
            }
        }
        return null;
    }
}
