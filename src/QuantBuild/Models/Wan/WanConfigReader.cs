using System.Text.Json;
using QuantBuild.Json;
using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Wan;

/// <summary>Reads and checks an expert's <c>config.json</c>.</summary>
internal static class WanConfigReader
{
    // Beyond any model; keeps the sizes computed from a configuration within their types.
    private const int LargestSize = 1 << 20;

    public static WanConfig Read(ReadOnlyMemory<byte> bytes, string path)
    {
        using JsonDocument json = Parse(bytes, path);
        JsonElement root = json.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{path}: the configuration is not a JSON object");
        try
        {
            if (WanFamily.OtherOf(root) is { } other)
                throw new OtherModelException(other);
            WanConfig config = root.TryGetProperty("num_attention_heads", out _) ? ReadDiffusers(root) : Read(root);
            Check(config);
            return config;
        }
        catch (Exception exception) when (exception is FormatException or OtherModelException)
        {
            throw new InvalidDataException($"{path}: {exception.Message}", exception);
        }
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> bytes, string path)
    {
        try
        {
            return CheckedJson.Parse(bytes);
        }
        catch (MalformedJsonException exception)
        {
            throw new InvalidDataException($"{path}: {ForeignFile.NotJson(bytes.Span) ?? $"not valid JSON: {exception.Message}"}",
                exception);
        }
    }

    private static WanConfig Read(JsonElement root)
    {
        if (!root.TryGetProperty("model_type", out JsonElement type))
            throw new FormatException("'model_type' is missing");
        bool takesPicture = type.ValueKind == JsonValueKind.String && type.GetString() == "i2v";
        if (!takesPicture && (type.ValueKind != JsonValueKind.String || type.GetString() != "t2v"))
            throw new FormatException($"'model_type' is {type.Shown()}; only \"i2v\" and \"t2v\" are supported");
        RequireDefault(root, "patch_size", "[1,2,2]");
        RequireDefault(root, "window_size", "[-1,-1]");
        RequireDefault(root, "qk_norm", "true");
        RequireDefault(root, "cross_attn_norm", "true");
        int inDim = Size(root, "in_dim"), outDim = Size(root, "out_dim");
        if (takesPicture && inDim <= outDim)
            throw new FormatException($"'in_dim' is {inDim}, which leaves no condition channels beside 'out_dim', {outDim}");
        if (!takesPicture && inDim != outDim)
            throw new FormatException($"'in_dim' is {inDim}, but a \"t2v\" model takes the channels that it makes, {outDim}");
        return new WanConfig
        {
            Dim = Size(root, "dim"),
            FfnDim = Size(root, "ffn_dim"),
            NumHeads = Size(root, "num_heads"),
            NumLayers = Size(root, "num_layers"),
            InDim = inDim,
            OutDim = outDim,
            TextLen = Size(root, "text_len"),
            TextDim = Size(root, "text_dim", 4096),
            FreqDim = Size(root, "freq_dim"),
            Eps = Epsilon(root),
        };
    }

    /// <summary>The Diffusers library's fields. It has none for the text length, which is 512 in every model it converts.</summary>
    private static WanConfig ReadDiffusers(JsonElement root)
    {
        RequireDefault(root, "_class_name", "\"WanTransformer3DModel\"");
        RequireDefault(root, "patch_size", "[1,2,2]");
        RequireDefault(root, "qk_norm", "\"rms_norm_across_heads\"");
        RequireDefault(root, "cross_attn_norm", "true");
        // Numbers here are Wan2.1's, whose image-to-video model attends to the picture's own embedding.
        RequireDefault(root, "added_kv_proj_dim", "null");
        RequireDefault(root, "image_dim", "null");
        RequireDefault(root, "pos_embed_seq_len", "null");
        int heads = Size(root, "num_attention_heads"), headDim = Size(root, "attention_head_dim");
        if ((long)heads * headDim > LargestSize)
            throw new FormatException(
                $"'num_attention_heads' x 'attention_head_dim' is {(long)heads * headDim}; it must be at most {LargestSize}");
        return new WanConfig
        {
            Dim = heads * headDim,
            FfnDim = Size(root, "ffn_dim"),
            NumHeads = heads,
            NumLayers = Size(root, "num_layers"),
            InDim = Size(root, "in_channels"),
            OutDim = Size(root, "out_channels"),
            TextLen = Size(root, "text_len", 512),
            TextDim = Size(root, "text_dim", 4096),
            FreqDim = Size(root, "freq_dim"),
            Eps = Epsilon(root),
        };
    }

    private static void Check(WanConfig config)
    {
        if (config.Dim % config.NumHeads != 0)
            throw new FormatException($"'dim' is {config.Dim}, which is not a multiple of 'num_heads', {config.NumHeads}");
        if (config.HeadDim % 2 != 0)
            throw new FormatException(
                $"'dim' / 'num_heads' is {config.HeadDim}; rotary embedding needs an even number of channels per head");
        if (config.FreqDim % 2 != 0)
            throw new FormatException($"'freq_dim' is {config.FreqDim}; it must be even");
        if (config.InDim < config.OutDim)
            throw new FormatException($"'in_dim' is {config.InDim}, less than 'out_dim', {config.OutDim}");
    }

    private static int Size(JsonElement root, string name, int? absent = null)
    {
        if (!root.TryGetProperty(name, out JsonElement value))
            return absent ?? throw new FormatException($"'{name}' is missing");
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int size) || size is < 1 or > LargestSize)
            throw new FormatException($"'{name}' is {value.Shown()}; it must be a whole number from 1 to {LargestSize}");
        return size;
    }

    private static float Epsilon(JsonElement root)
    {
        if (!root.TryGetProperty("eps", out JsonElement value))
            throw new FormatException("'eps' is missing");
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetSingle(out float epsilon) || !(epsilon > 0 && epsilon < 1))
            throw new FormatException($"'eps' is {value.Shown()}; it must be a number between 0 and 1");
        return epsilon;
    }

    /// <summary>Original checkpoints leave these fields out; where they are given, they must say what the implementation does.</summary>
    private static void RequireDefault(JsonElement root, string name, string expected)
    {
        if (root.TryGetProperty(name, out JsonElement value)
            && string.Concat(value.GetRawText().Where(c => !char.IsWhiteSpace(c))) != expected)
            throw new FormatException($"'{name}' is {value.Shown()}; only {expected} is supported");
    }
}
