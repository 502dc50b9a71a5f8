using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Formats;

namespace QuantBuild.Compiler.Reporting;

/// <summary>Activation magnitudes of one site along the trajectory: the paper's Fig. 1, and what smoothing does to its outliers.</summary>
internal static class SiteFacts
{
    /// <summary>
    /// Places in the channels sorted by magnitude, largest first, at which they are reported; dense where the outliers are.
    /// </summary>
    private static readonly double[] Places = [0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

    private const int Outliers = 8;

    /// <summary>The places, for the page.</summary>
    public static JsonArray PlacesJson => Rounded.Array(Places, place => place);

    /// <summary>Facts of a site; null when a recording is missing.</summary>
    /// <param name="results">Results of the build.</param>
    /// <param name="expert">The expert.</param>
    /// <param name="site">The site.</param>
    /// <param name="samples">Names of the Trajectory actions, in sample order.</param>
    public static JsonObject? Of(RecordedResults results, ExpertPlan expert, SiteKey site, IReadOnlyList<string> samples)
    {
        string output = ActivationRecorder.OutputName(expert.Name, site.Block, site.Site);
        var recordings = new List<Recording>();
        long bytes = 0;
        foreach (string sample in samples)
        {
            if (results.Result(BuildStages.Trajectory, "", sample)?.Sites is not { } sites || !sites.TryGetValue(output, out BlobRef blob))
                return null;
            recordings.Add(new Recording(blob.Digest));
            bytes += sites.Values.Sum(some => some.Size);
        }
        if (recordings.Count == 0)
            return null;
        return results.Try(BuildStages.Trajectory, "", samples[0], () =>
        {
            using SiteActivations activations = SiteActivations.Open(results.StoreFor(bytes), recordings);
            return Of(results, expert, site, activations);
        });
    }

    private static JsonObject Of(RecordedResults results, ExpertPlan expert, SiteKey site, SiteActivations activations)
    {
        float[] perStep = activations.AbsmaxPerStep();
        int channels = activations.Channels;
        int steps = perStep.Length / channels;
        var groups = new ChannelGroups(channels);
        var drawn = new float[steps * groups.Count];
        var sorted = new float[channels];
        var peaks = new double[steps];
        var tails = new double[steps];
        var middles = new double[steps];
        for (int step = 0; step < steps; step++)
        {
            ReadOnlySpan<float> values = perStep.AsSpan(step * channels, channels);
            groups.Maxima(values, drawn.AsSpan(step * groups.Count, groups.Count));
            values.CopyTo(sorted);
            Array.Sort(sorted);
            peaks[step] = sorted[^1];
            tails[step] = sorted[(int)(0.99 * (channels - 1))];
            middles[step] = sorted[(channels - 1) / 2];
        }
        float[] overall = activations.Absmax();
        return new JsonObject
        {
            ["name"] = site.ToString(),
            ["block"] = site.Block,
            ["site"] = (int)site.Site,
            ["channels"] = channels,
            ["groups"] = groups.Count,
            ["magnitudes"] = Bits(drawn),
            ["max"] = Rounded.Array(peaks, Rounded.Drawn),
            ["p99"] = Rounded.Array(tails, Rounded.Drawn),
            ["median"] = Rounded.Array(middles, Rounded.Drawn),
            ["sorted"] = Curve(overall),
            ["smoothing"] =
                new JsonArray([.. SmoothingOf(results, expert, site).SelectMany(name => Smoothing(results, expert, name, overall))]),
        };
    }

    /// <summary>Names of the vectors that smooth a site: its own, or one per layer.</summary>
    private static IEnumerable<string> SmoothingOf(RecordedResults results, ExpertPlan expert, SiteKey site) => expert.Layers
        .Where(layer => layer.Block == site.Block && layer.Site == site.Site).Select(layer => layer.Name).Prepend(site.ToString())
        .Distinct()
        .Where(name => results.Action(BuildStages.Smooth, expert.Name, name) is not null);

    /// <summary>The vectors of an action: one, or where it chose that, one for each of a site's layers.</summary>
    private static IEnumerable<JsonObject> Smoothing(RecordedResults results, ExpertPlan expert, string name, float[] overall)
    {
        if (results.Result(BuildStages.Smooth, expert.Name, name)?.Scales is not { } scales)
            return [];
        string[] layers = [.. expert.Layers.Where(layer => new SiteKey(layer.Block, layer.Site).ToString() == name
            && layer.Recipe.Precision != Manifests.Precision.BF16).Select(layer => layer.Name)];
        return scales.Select((blob, i) => Smoothing(results, expert, name, scales.Length > 1 ? layers[i] : name, blob, overall))
            .OfType<JsonObject>();
    }

    private static JsonObject? Smoothing(RecordedResults results, ExpertPlan expert, string action, string name, BlobRef blob,
        float[] overall)
    {
        return results.Try(BuildStages.Smooth, expert.Name, action, () =>
        {
            using SafeTensors.SafeTensorsFile file = results.Store.OpenTensors(blob);
            ReadOnlySpan<float> scale = MemoryMarshal.Cast<byte, float>(file.Bytes("scale"));
            var smoothed = new float[overall.Length];
            for (int i = 0; i < smoothed.Length; i++)
                smoothed[i] = overall[i] / scale[i];
            var outliers = new JsonArray();
            foreach (int channel in Enumerable.Range(0, overall.Length).OrderByDescending(channel => overall[channel]).Take(Outliers))
                outliers.Add(new JsonArray(channel, Rounded.Drawn(overall[channel]), Rounded.Drawn(scale[channel]),
                    Rounded.Drawn(smoothed[channel])));
            return new JsonObject { ["name"] = name, ["sorted"] = Curve(smoothed), ["outliers"] = outliers };
        });
    }

    private static JsonArray Curve(float[] values)
    {
        float[] sorted = [.. values.OrderDescending()];
        return Rounded.Array(Places.Select(place => (double)sorted[(int)(place * (sorted.Length - 1))]), Rounded.Drawn);
    }

    /// <summary>Values as bfloat16 in base64: 2.7 characters each, a precision of 0.4 %.</summary>
    private static string Bits(float[] values)
    {
        var bits = new ushort[values.Length];
        BFloat16.FromSingle(values, bits);
        return Convert.ToBase64String(MemoryMarshal.AsBytes(bits.AsSpan()));
    }
}
