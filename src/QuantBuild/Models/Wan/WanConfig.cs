using System.Text.Json;

namespace QuantBuild.Models.Wan;

/// <summary>Shape of a Wan DiT expert, as its <c>config.json</c> gives it.</summary>
public sealed record WanConfig
{
    /// <summary>Width of the residual stream.</summary>
    public required int Dim { get; init; }

    /// <summary>Hidden width of the feed-forward network.</summary>
    public required int FfnDim { get; init; }

    /// <summary>Attention heads; <see cref="Dim"/> is a multiple of it.</summary>
    public required int NumHeads { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int NumLayers { get; init; }

    /// <summary>Input channels: noisy latent and, of an image-to-video model, condition together.</summary>
    public required int InDim { get; init; }

    /// <summary>Output channels: those of the latent.</summary>
    public required int OutDim { get; init; }

    /// <summary>Text tokens the prompt is padded to.</summary>
    public int TextLen { get; init; } = 512;

    /// <summary>Width of the text encoder's output.</summary>
    public int TextDim { get; init; } = 4096;

    /// <summary>Width of the sinusoidal time features.</summary>
    public int FreqDim { get; init; } = 256;

    /// <summary>Epsilon of every normalization.</summary>
    public float Eps { get; init; } = 1e-6f;

    /// <summary>Channels of one head.</summary>
    public int HeadDim => Dim / NumHeads;

    /// <summary>Channels of the condition that the latent is joined with; 0 of a text-to-video model.</summary>
    public int ConditionDim => InDim - OutDim;

    /// <summary>Reads an expert's <c>config.json</c>, with the original field names or those of the Diffusers library.</summary>
    /// <remarks>
    /// The original's <c>text_dim</c> may be absent (4096), and the library's <c>text_len</c> (512), as in the official ones.
    /// </remarks>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">
    /// It is not a JSON object, or a field is missing, impossible or at odds with another; the message names it.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static WanConfig Load(string path) => Parse(File.ReadAllBytes(path), path);

    /// <summary>Reads an expert's <c>config.json</c> that is in memory.</summary>
    /// <param name="json">Its bytes.</param>
    /// <param name="path">What messages call it.</param>
    /// <exception cref="InvalidDataException">As for <see cref="Load"/>.</exception>
    public static WanConfig Parse(ReadOnlyMemory<byte> json, string path) => WanConfigReader.Read(json, path);

    /// <summary>The configuration under the original field names: UTF-8, LF line ends, the same bytes for equal configurations.</summary>
    public byte[] ToJson()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("_class_name", "WanModel");
            json.WriteString("model_type", ConditionDim > 0 ? "i2v" : "t2v");
            json.WriteNumber("dim", Dim);
            json.WriteNumber("eps", Eps);
            json.WriteNumber("ffn_dim", FfnDim);
            json.WriteNumber("freq_dim", FreqDim);
            json.WriteNumber("in_dim", InDim);
            json.WriteNumber("num_heads", NumHeads);
            json.WriteNumber("num_layers", NumLayers);
            json.WriteNumber("out_dim", OutDim);
            json.WriteNumber("text_dim", TextDim);
            json.WriteNumber("text_len", TextLen);
            json.WriteEndObject();
        }
        return [.. bytes.ToArray(), (byte)'\n'];
    }

    /// <summary>Shape [out, in] of a layer named as in <see cref="WanLayers.Names"/>.</summary>
    public (int Out, int In) ShapeOf(string layer) => layer switch
    {
        "ffn.0" => (FfnDim, Dim),
        "ffn.2" => (Dim, FfnDim),
        _ => (Dim, Dim),
    };
}
