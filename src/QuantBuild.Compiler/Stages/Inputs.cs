using System.Globalization;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Stages;

/// <summary>Roles of inputs in keys.</summary>
internal static class Inputs
{
    /// <summary>A site's recordings in sample order.</summary>
    public static IEnumerable<KeyValuePair<string, Digest>> Of(IReadOnlyList<Recording> recordings) =>
        recordings.Select((recording, i) =>
            KeyValuePair.Create(string.Create(CultureInfo.InvariantCulture, $"recording.{i:0000}"), recording.Digest));

    /// <summary>One input; none when it does not exist.</summary>
    public static IEnumerable<KeyValuePair<string, Digest>> Of(string role, BlobRef? blob) =>
        blob is { } present ? [KeyValuePair.Create(role, present.Digest)] : [];
}
