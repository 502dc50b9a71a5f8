using System.Collections.Immutable;
using System.Text.Json;
using QuantBuild.Json;

namespace QuantBuild.Artifacts;

/// <summary>The content of <c>artifact.json</c>: everything a runtime needs beside the tensors.</summary>
public sealed record ArtifactDescriptor
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "artifact.json";

    /// <summary>The <c>format</c> every descriptor states.</summary>
    public const string Format = "quantbuild-artifact";

    /// <summary>The <c>version</c> of the format that this code reads and writes.</summary>
    public const int Version = 1;

    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>What the model is: <c>wan2.2-i2v</c> or <c>wan2.2-t2v</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Naming and packing of the tensors, such as <c>native</c>.</summary>
    public required string Layout { get; init; }

    /// <summary>Version of the tool that made it.</summary>
    public required string Tool { get; init; }

    /// <summary>Numeric profile the tool computed with; that of each group of stages where they differ.</summary>
    public required string Profile { get; init; }

    /// <summary>
    /// The profile of each group of stages: <c>model</c> for those that ran the model, <c>layers</c> for those that worked on layers. Empty
    /// where <see cref="Profile"/> is all there is.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Profiles { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>SHA-256 of the resolved plan, 64 lower-case hexadecimal digits.</summary>
    public required string Plan { get; init; }

    /// <summary>Timesteps at or above it belong to the high-noise expert.</summary>
    public required int Boundary { get; init; }

    /// <summary>The sampling schedule of the calibration.</summary>
    public required ArtifactSampling Sampling { get; init; }

    /// <summary>The experts by name, <c>high_noise</c> and <c>low_noise</c>; names compare ordinally.</summary>
    public required ImmutableSortedDictionary<string, ArtifactExpert> Experts { get; init; }

    /// <summary>Reads a descriptor and checks it against itself.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <exception cref="ArtifactException">
    /// It is no JSON, a property is missing, unknown, twice there or of the wrong type, a value is out of range, bins leave gaps or
    /// overlap, or a layer's tables do not have one entry per bin.
    /// </exception>
    public static ArtifactDescriptor Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = CheckedJson.Parse(json);
            ArtifactDescriptor descriptor = ArtifactJsonReader.Read(document.RootElement);
            ArtifactRules.Check(descriptor);
            return descriptor;
        }
        catch (MalformedJsonException e)
        {
            throw new ArtifactException($"not valid JSON: {e.Message}", cause: e);
        }
    }

    /// <summary>
    /// The canonical bytes: fixed order of properties, two-space indent, line feeds, shortest numbers that read back the same.
    /// </summary>
    public byte[] ToJson() => ArtifactJsonWriter.Write(this);
}
