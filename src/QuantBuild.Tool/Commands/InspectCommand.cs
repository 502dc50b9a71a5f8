using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Artifacts;
using QuantBuild.SafeTensors;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;
using Spectre.Console;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild inspect</c>: what is in a safetensors file, a checkpoint or an artifact.</summary>
internal static class InspectCommand
{
    private static readonly Argument<string> Target =
        new("path") { Description = "A safetensors or .pth file, a folder of them, or an artifact's folder." };

    public static Command Create(Session session)
    {
        var command = new Command("inspect", "Show what a safetensors or .pth file, a checkpoint or an artifact is and has.") { Target,
            CommonOptions.Json };
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            string path = arguments.GetRequiredValue(Target);
            bool json = arguments.GetValue(CommonOptions.Json);
            if (ArtifactPath.IsArtifact(path))
                InspectArtifact(ArtifactPath.Describe(path), json, run.Console);
            else
                InspectTensors(TensorListing.Read(path), json, run.Console);
            return ExitCode.Done;
        }));
        return command;
    }

    private static void InspectTensors(IReadOnlyList<TensorListing> listings, bool json, ToolConsole console)
    {
        if (json)
        {
            var document = new JsonObject { ["files"] = new JsonArray([.. listings.Select(listing => listing.ToJson())]) };
            JsonReport.Write(console.Out, document);
            return;
        }
        foreach (TensorListing listing in listings)
        {
            console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{listing.File}: {listing.Tensors.Count} tensors, {Quantity.Size(listing.Bytes)}"));
            console.Out.WriteLine($"  {listing.Identity}");
            foreach ((string key, string value) in listing.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                console.Out.WriteLine($"  {key}: {value}");
            Table table = Tables.Create("name", "dtype", "shape", "bytes");
            foreach (TensorInfo tensor in listing.Tensors)
            {
                Tables.AddRow(table, tensor.Name, tensor.DType.ToString(), $"[{string.Join(", ", tensor.Shape)}]",
                    tensor.ByteLength.ToString(CultureInfo.InvariantCulture));
            }
            console.Tables.Write(table);
            console.Out.WriteLine();
        }
    }

    private static void InspectArtifact(ArtifactDescriptor artifact, bool json, ToolConsole console)
    {
        if (json)
        {
            JsonReport.Write(console.Out, JsonNode.Parse(artifact.ToJson())!);
            return;
        }
        TextWriter output = console.Out;
        output.WriteLine(
            $"{artifact.Name}: {artifact.Architecture}, layout {artifact.Layout}, made by {artifact.Tool}, numeric profile "
                + $"{artifact.Profile}");
        output.WriteLine($"plan {artifact.Plan}");
        foreach ((string name, ArtifactExpert expert) in artifact.Experts)
        {
            output.WriteLine();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name}: timesteps {expert.MinTimestep} to {expert.MaxTimestep}"));
            foreach (ArtifactFile file in expert.Files)
                output.WriteLine($"  {expert.Directory}/{file.Name}  {Quantity.Size(file.Size)}  sha256 {file.Digest}");
            Table table = Tables.Create(["layer", "precision", "rank", "rotation", .. expert.Bins.Select(bin =>
                string.Create(CultureInfo.InvariantCulture, $"{bin.Name} {bin.MinTimestep}-{bin.MaxTimestep}"))]);
            foreach ((string layer, ArtifactLayer entry) in expert.Layers)
            {
                Tables.AddRow(table, [layer, entry.Precision, entry.IsQuantized ? entry.Rank.ToString(CultureInfo.InvariantCulture) : "",
                    entry.IsQuantized ? entry.Rotation ?? "none" : "",
                    .. expert.Bins.Select((found, bin) => found.KeepsActivations && !entry.Clips.IsDefaultOrEmpty
                        ? "as it is"
                        : Clip(entry, bin))]);
            }
            console.Tables.Write(table);
        }
    }

    /// <summary>
    /// A layer's clip setting in a bin, such as <c>0.9</c> or <c>0.9 exponent+1</c>; empty when its activations are not quantized.
    /// </summary>
    private static string Clip(ArtifactLayer layer, int bin)
    {
        if (layer.Clips.IsDefaultOrEmpty)
            return "";
        string text = layer.Clips[bin].Ratio.ToString(CultureInfo.InvariantCulture);
        return layer.Clips[bin].ExponentOffset is var offset and not 0
            ? string.Create(CultureInfo.InvariantCulture, $"{text} exponent{offset:+0;-0}")
            : text;
    }
}
