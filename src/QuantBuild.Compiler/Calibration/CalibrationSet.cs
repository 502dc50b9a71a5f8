using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Store;
using QuantBuild.Kernels;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Calibration;

/// <summary>
/// Samples that the sampler can start from. Prepared ones are in a safetensors file beside the jsonl file, under the same name, with
/// <c>sample.{id:000}.noise</c>, <c>.y</c> (of image-to-video models) and <c>.context</c> for each line, and one <c>null_context</c> for
/// guidance.
/// </summary>
/// <param name="Samples">The samples, in file order.</param>
/// <param name="NullContext">Embedded empty prompt [<paramref name="NullTokens"/>, text_dim]; empty when the set has none.</param>
/// <param name="NullTokens">Rows of <paramref name="NullContext"/>.</param>
/// <param name="NullDigest">Digest of the tensor behind <paramref name="NullContext"/>.</param>
internal sealed record CalibrationSet(IReadOnlyList<CalibrationSample> Samples, float[] NullContext, int NullTokens, Digest NullDigest)
{
    /// <summary>The conditioning of guidance's other pass for a sample; null when the set has no <c>null_context</c>.</summary>
    public WanConditioning? UnconditionedFor(SampleTensors sample) =>
        NullTokens == 0 ? null : new WanConditioning(NullContext, NullTokens, sample.Condition);

    /// <summary>Reads and checks the tensors of a set.</summary>
    /// <param name="set">The set's lines.</param>
    /// <param name="config">The model the samples are for.</param>
    /// <param name="needNull">Whether a missing <c>null_context</c> is an error.</param>
    /// <param name="origin">Place in the manifest that names the set.</param>
    /// <remarks>Of the samples only their digests stay in memory.</remarks>
    /// <exception cref="DiagnosticException">Anything is missing or does not fit.</exception>
    internal static CalibrationSet Load(SampleSet set, WanConfig config, bool needNull, SourceSpan? origin)
    {
        string path = SampleFiles.TensorsOf(set.Path);
        try
        {
            using SafeTensorsFile tensors = SafeTensorsFile.Open(path);
            CalibrationSample[] samples =
                [.. set.Lines.Select(line => Describe(tensors, config, line, digest => Read(path, digest, config, line)))];
            if (!tensors.Tensors.ContainsKey("null_context") && !needNull)
                return new CalibrationSet(samples, [], 0, Digest.Of([]));
            var check = new CheckedSample(tensors, "null_context", set.Lines[0].Span);
            float[] context = check.Read("null_context", [null, config.TextDim], out IReadOnlyList<long> shape, out Digest digest);
            return new CalibrationSet(samples, context, (int)shape[0], digest);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SafeTensorsException)
        {
            throw StoreErrors.Shrunk(e) ?? new DiagnosticException(Descriptors.CalibrationUnreadable.At(origin, path, e.Message), e);
        }
    }

    /// <summary>Digest of a sample, by those of its tensors.</summary>
    internal static Digest DigestOf(Digest noise, Digest? condition, Digest context) => TensorDigests.Combine(
    [
        KeyValuePair.Create("noise", noise),
        .. condition is { } y ? [KeyValuePair.Create("y", y)] : (KeyValuePair<string, Digest>[])[],
        KeyValuePair.Create("context", context),
    ]);

    /// <summary>Digest of a tensor.</summary>
    internal static Digest DigestOf(SafeTensorsFile file, string name) =>
        TensorDigests.Of(file.Tensors[name].DType, file.Tensors[name].Shape, file.Bytes(name));

    private static CalibrationSample Describe(SafeTensorsFile file, WanConfig config, SampleLine line, Func<Digest, SampleTensors> read)
    {
        _ = Read(file, config, line, out LatentShape shape, out Digest digest);
        return new CalibrationSample(line.Id, line.Prompt, shape, digest, () => read(digest));
    }

    /// <summary>Reads a sample that was described before.</summary>
    /// <exception cref="DiagnosticException">It is not what it was then (QB4007), or cannot be read any more.</exception>
    private static SampleTensors Read(string path, Digest described, WanConfig config, SampleLine line)
    {
        try
        {
            using SafeTensorsFile file = SafeTensorsFile.Open(path);
            SampleTensors tensors = Read(file, config, line, out _, out Digest digest);
            return digest == described ? tensors : throw new DiagnosticException(Descriptors.InputChanged.At(line.Span, path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SafeTensorsException)
        {
            throw StoreErrors.Shrunk(e) ?? new DiagnosticException(Descriptors.CalibrationUnreadable.At(line.Span, path, e.Message), e);
        }
    }

    /// <summary>A sample and the digest of what was read.</summary>
    private static SampleTensors Read(SafeTensorsFile file, WanConfig config, SampleLine line, out LatentShape latent, out Digest digest)
    {
        string prefix = PrefixOf(line);
        var tensors = new CheckedSample(file, line.Id.ToString(CultureInfo.InvariantCulture), line.Span);
        float[] noise = tensors.Read(prefix + ".noise", [config.OutDim, null, null, null], out IReadOnlyList<long> shape,
            out Digest noiseDigest);
        latent = new LatentShape((int)shape[1], (int)shape[2], (int)shape[3]);
        if (latent.Height % 2 != 0 || latent.Width % 2 != 0 || latent.Height == 0 || latent.Width == 0 || latent.Frames == 0)
            throw tensors.Wrong(prefix + ".noise",
                $"has the size {latent.Frames}x{latent.Height}x{latent.Width}; height and width must be even and nothing zero");
        (float[] condition, Digest? conditionDigest) = Condition(file, tensors, prefix + ".y", config, latent);
        float[] context = tensors.Read(prefix + ".context", [null, config.TextDim], out IReadOnlyList<long> contextShape,
            out Digest contextDigest);
        if (contextShape[0] > config.TextLen || contextShape[0] == 0)
            throw tensors.Wrong(prefix + ".context", $"has {contextShape[0]} tokens; the model takes 1 to {config.TextLen}");
        digest = DigestOf(noiseDigest, conditionDigest, contextDigest);
        return new SampleTensors(noise, condition, context, (int)contextShape[0]);
    }

    private static (float[] Condition, Digest? Digest) Condition(SafeTensorsFile file, CheckedSample tensors, string name,
        WanConfig config, LatentShape latent)
    {
        if (config.ConditionDim == 0)
            return file.Tensors.ContainsKey(name) ? throw tensors.Wrong(name, "is there, but the model takes no picture") : ([], null);
        float[] condition = tensors.Read(name, [config.ConditionDim, latent.Frames, latent.Height, latent.Width], out _,
            out Digest digest);
        return (condition, digest);
    }

    private static string PrefixOf(SampleLine line) => FormattableString.Invariant($"sample.{line.Id:000}");

    /// <summary>Reads tensors of one sample and says what is wrong with them.</summary>
    private readonly struct CheckedSample(SafeTensorsFile file, string sample, SourceSpan span)
    {
        /// <param name="name">Tensor to read.</param>
        /// <param name="expected">Expected dimensions; null accepts any.</param>
        /// <param name="shape">Its dimensions.</param>
        /// <param name="digest">Digest of the very bytes that the values were made of.</param>
        public float[] Read(string name, int?[] expected, out IReadOnlyList<long> shape, out Digest digest)
        {
            if (!file.Tensors.TryGetValue(name, out TensorInfo? tensor))
                throw Wrong(name, "is missing");
            if (tensor.DType is not (DType.F32 or DType.F16 or DType.BF16))
                throw Wrong(name, $"is stored as {tensor.DType}");
            shape = tensor.Shape;
            if (shape.Count != expected.Length || shape.Zip(expected).Any(pair => pair.Second is { } size && pair.First != size))
                throw Wrong(name,
                    $"has the shape [{string.Join(',', shape)}] instead of "
                        + $"[{string.Join(',', expected.Select(size => size?.ToString(CultureInfo.InvariantCulture) ?? "?"))}]");
            ReadOnlySpan<byte> bytes = file.Bytes(name);
            digest = TensorDigests.Of(tensor.DType, shape, bytes);
            var values = new float[tensor.ElementCount];
            FloatBytes.Read(tensor.DType, bytes, values);
            return Finite.IsFinite(values) ? values : throw Wrong(name, "has values that are not finite");
        }

        public DiagnosticException Wrong(string name, string what) => new(Descriptors.CalibrationTensor.At(span, sample, name, what));
    }
}
