using System.Text.Json;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Kernels;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Calibration;

/// <summary>
/// Prepared samples: a jsonl file with a line per sample (<c>id</c>, <c>prompt</c>) and, beside it under the same name, a safetensors file
/// with <c>sample.{id:000}.noise</c>, <c>.y</c>, <c>.context</c> and one <c>null_context</c> for guidance.
/// </summary>
/// <param name="Samples">The samples, in file order.</param>
/// <param name="NullContext">Embedded empty prompt [<paramref name="NullTokens"/>, text_dim]; empty when the set has none.</param>
/// <param name="NullTokens">Rows of <paramref name="NullContext"/>.</param>
/// <param name="NullDigest">Digest of the tensor behind <paramref name="NullContext"/>.</param>
public sealed record CalibrationSet(IReadOnlyList<CalibrationSample> Samples, float[] NullContext, int NullTokens, Digest NullDigest)
{
    /// <summary>The conditioning of guidance's other pass for a sample; null when the set has no <c>null_context</c>.</summary>
    public WanConditioning? UnconditionedFor(CalibrationSample sample) => NullTokens == 0 ? null : new WanConditioning(NullContext, NullTokens, sample.Condition);

    /// <summary>Reads and checks the first <paramref name="count"/> samples, or all when it is null.</summary>
    /// <param name="path">The jsonl file.</param>
    /// <param name="count">Samples wanted.</param>
    /// <param name="config">The model the samples are for.</param>
    /// <param name="needNull">Whether a missing <c>null_context</c> is an error.</param>
    /// <param name="origin">Place in the manifest that names the set.</param>
    /// <exception cref="DiagnosticException">Anything is missing or does not fit.</exception>
    public static CalibrationSet Load(string path, int? count, WanConfig config, bool needNull, SourceSpan? origin)
    {
        List<(int Id, string Prompt, SourceSpan Span)> lines = ReadLines(path, origin);
        if (lines.Count == 0 || lines.Count < count)
            throw new DiagnosticException(Descriptors.CalibrationEmpty.At(origin, path, lines.Count, count ?? 1));

        string tensorsPath = Path.ChangeExtension(path, ".safetensors");
        try
        {
            using SafeTensorsFile tensors = SafeTensorsFile.Open(tensorsPath);
            CalibrationSample[] samples = [.. lines.Take(count ?? lines.Count).Select(line => ReadSample(tensors, config, line.Id, line.Prompt, line.Span))];
            if (!tensors.Tensors.ContainsKey("null_context") && !needNull)
                return new CalibrationSet(samples, [], 0, Digest.Of([]));
            var check = new SampleTensors(tensors, "null_context", lines[0].Span);
            float[] context = check.Read("null_context", [null, config.TextDim], out IReadOnlyList<long> shape);
            return new CalibrationSet(samples, context, (int)shape[0], DigestOf(tensors, "null_context"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SafeTensorsException)
        {
            throw new DiagnosticException(Descriptors.CalibrationUnreadable.At(origin, tensorsPath, e.Message), e);
        }
    }

    private static List<(int Id, string Prompt, SourceSpan Span)> ReadLines(string path, SourceSpan? origin)
    {
        var lines = new List<(int, string, SourceSpan)>();
        var ids = new HashSet<int>();
        try
        {
            int number = 0;
            foreach (string line in File.ReadLines(path))
            {
                number++;
                if (string.IsNullOrWhiteSpace(line))
                    continue;
                var span = new SourceSpan(path, number, 1);
                (int id, string prompt) = ParseLine(line, span);
                if (!ids.Add(id))
                    throw new DiagnosticException(Descriptors.CalibrationLine.At(span, $"id {id} is taken by an earlier line"));
                lines.Add((id, prompt, span));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiagnosticException(Descriptors.CalibrationUnreadable.At(origin, path, e.Message), e);
        }
        return lines;
    }

    private static (int Id, string Prompt) ParseLine(string line, SourceSpan span)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw new DiagnosticException(Descriptors.CalibrationLine.At(span, "it is not a JSON object"));
            if (!json.RootElement.TryGetProperty("id", out JsonElement id) || id.ValueKind != JsonValueKind.Number || !id.TryGetInt32(out int number) || number < 0)
                throw new DiagnosticException(Descriptors.CalibrationLine.At(span, "it has no integer \"id\""));
            if (!json.RootElement.TryGetProperty("prompt", out JsonElement prompt) || prompt.ValueKind != JsonValueKind.String)
                throw new DiagnosticException(Descriptors.CalibrationLine.At(span, "it has no string \"prompt\""));
            return (number, prompt.GetString()!);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is how the JSON reader reports an escaped half of a surrogate pair.
            throw new DiagnosticException(Descriptors.CalibrationLine.At(span, e.Message), e);
        }
    }

    private static Digest DigestOf(SafeTensorsFile file, string name) =>
        TensorDigests.Of(file.Tensors[name].DType, file.Tensors[name].Shape, file.Bytes(name));

    private static CalibrationSample ReadSample(SafeTensorsFile file, WanConfig config, int id, string prompt, SourceSpan span)
    {
        string prefix = $"sample.{id:000}";
        var tensors = new SampleTensors(file, id.ToString(System.Globalization.CultureInfo.InvariantCulture), span);
        float[] noise = tensors.Read(prefix + ".noise", [config.OutDim, null, null, null], out IReadOnlyList<long> shape);
        var latent = new LatentShape((int)shape[1], (int)shape[2], (int)shape[3]);
        if (latent.Height % 2 != 0 || latent.Width % 2 != 0 || latent.Height == 0 || latent.Width == 0 || latent.Frames == 0)
            throw tensors.Wrong(prefix + ".noise", $"has the size {latent.Frames}x{latent.Height}x{latent.Width}; height and width must be even and nothing zero");
        float[] condition = tensors.Read(prefix + ".y", [config.InDim - config.OutDim, latent.Frames, latent.Height, latent.Width], out _);
        float[] context = tensors.Read(prefix + ".context", [null, config.TextDim], out IReadOnlyList<long> contextShape);
        if (contextShape[0] > config.TextLen || contextShape[0] == 0)
            throw tensors.Wrong(prefix + ".context", $"has {contextShape[0]} tokens; the model takes 1 to {config.TextLen}");

        Digest digest = TensorDigests.Combine(((string[])["noise", "y", "context"])
            .Select(part => KeyValuePair.Create(part, DigestOf(file, $"{prefix}.{part}"))));
        return new CalibrationSample(id, prompt, latent, noise, condition, context, (int)contextShape[0], digest);
    }

    /// <summary>Reads tensors of one sample and says what is wrong with them.</summary>
    private readonly struct SampleTensors(SafeTensorsFile file, string sample, SourceSpan span)
    {
        /// <param name="name">Tensor to read.</param>
        /// <param name="expected">Expected dimensions; null accepts any.</param>
        /// <param name="shape">Its dimensions.</param>
        public float[] Read(string name, int?[] expected, out IReadOnlyList<long> shape)
        {
            if (!file.Tensors.TryGetValue(name, out TensorInfo? tensor))
                throw Wrong(name, "is missing");
            if (tensor.DType is not (DType.F32 or DType.F16 or DType.BF16))
                throw Wrong(name, $"is stored as {tensor.DType}");
            shape = tensor.Shape;
            if (shape.Count != expected.Length || shape.Zip(expected).Any(pair => pair.Second is { } size && pair.First != size))
                throw Wrong(name, $"has the shape [{string.Join(',', shape)}] instead of [{string.Join(',', expected.Select(size => size?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "?"))}]");
            float[] values = file.ReadFloat32(name);
            return Finite.IsFinite(values) ? values : throw Wrong(name, "has values that are not finite");
        }

        public DiagnosticException Wrong(string name, string what) => new(Descriptors.CalibrationTensor.At(span, sample, name, what));
    }
}
