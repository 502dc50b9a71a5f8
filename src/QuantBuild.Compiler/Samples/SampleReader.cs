using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Manifests.Json;

namespace QuantBuild.Compiler.Samples;

/// <summary>
/// Reads the lines of a sample set as strictly as manifests are read: what a line says is used, or told as wrong at its place.
/// </summary>
internal static class SampleReader
{
    private const int MostMebibytes = 64;
    private const int LargestSide = 1 << 14;

    // A prompt's ids, which some programs add, are known and not used.
    private static readonly KeySet Keys = new("sample", ["id", "prompt", "image", "seed", "frames", "width", "height", "tokens"]);

    /// <inheritdoc cref="SampleLine.Read"/>
    public static IReadOnlyList<SampleLine> Read(string path, SourceSpan? origin)
    {
        byte[] file = ReadFile(path, origin);
        ReadOnlySpan<byte> text = file.AsSpan(file.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0);
        RequireUtf8(path, text);
        var lines = new List<SampleLine>();
        var problems = new List<Diagnostic>();
        var places = new Dictionary<int, int>();
        int number = 0;
        foreach (Range range in text.Split((byte)'\n'))
        {
            number++;
            ReadOnlySpan<byte> line = text[range];
            if (line.Trim(" \t\r"u8).IsEmpty)
                continue;
            var found = new List<Diagnostic>();
            SampleLine? sample = JsonTree.Parse(path, line, found) is { } root ? Bind(root, number, new ValueBinder(found)) : null;
            // The parser knows one line, the first.
            problems.AddRange(found.Select(problem =>
                Descriptors.CalibrationLine.At(problem.Span!.Value with { Line = number }, Lower(problem.Message))));
            if (sample is null || found.Count > 0)
                continue;
            lines.Add(sample);
            if (!places.TryAdd(sample.Id, number))
                problems.Add(Descriptors.CalibrationLine.At(sample.Span,
                    string.Create(CultureInfo.InvariantCulture, $"id {sample.Id} is taken by an earlier line, {places[sample.Id]}")));
        }
        return problems.Count == 0 ? lines : throw new DiagnosticException(problems);
    }

    private static byte[] ReadFile(string path, SourceSpan? origin)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            using var content = new MemoryStream();
            var buffer = new byte[1 << 16];
            while (stream.Read(buffer) is > 0 and var count)
            {
                content.Write(buffer, 0, count);
                if (content.Length > MostMebibytes << 20)
                    throw new IOException($"it has more than {MostMebibytes} MiB");
            }
            return content.ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DiagnosticException(Descriptors.CalibrationUnreadable.At(origin, path, e.Message), e);
        }
    }

    private static void RequireUtf8(string path, ReadOnlySpan<byte> text)
    {
        if (text.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || text.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            throw new DiagnosticException(Descriptors.CalibrationEncoding.At(new SourceSpan(path, 1, 1), "it begins as UTF-16 does"));
        if (Utf8.IsValid(text))
            return;
        int valid = 0;
        while (Rune.DecodeFromUtf8(text[valid..], out _, out int length) == OperationStatus.Done)
            valid += length;
        throw new DiagnosticException(Descriptors.CalibrationEncoding.At(new LineMap(path, text[..valid]).At(valid),
            string.Create(CultureInfo.InvariantCulture, $"the byte 0x{text[valid]:X2} begins no character")));
    }

    private static SampleLine? Bind(ManifestNode root, int number, ValueBinder values)
    {
        if (values.As<ManifestObject>(root, "the line", "an object") is not { } node)
            return null;
        var line = new ObjectBinder(node, "", Keys, values);
        int? id = values.Integer(line.Require("id"), "id", 0, int.MaxValue);
        string? prompt = values.Text(line.Require("prompt"), "prompt"), image = line.Text("image");
        var seed = (long?)values.Whole(line.Find("seed"), "seed", 0, long.MaxValue);
        int? frames = line.Integer("frames", 1, 1 << 16), width = line.Integer("width", 1, LargestSide),
            height = line.Integer("height", 1, LargestSide);
        if (prompt?.Contains('\uFFFD', StringComparison.Ordinal) == true)
            values.Report(Descriptors.InvalidText, line.SpanOf("prompt"), "prompt", prompt,
                "U+FFFD stands for text that was lost when the file was converted");
        if (image is not null && (string.IsNullOrWhiteSpace(image) || image.Contains('\0', StringComparison.Ordinal)))
        {
            values.Report(Descriptors.InvalidText, line.SpanOf("image"), "image", image.Replace('\0', ' '), "it is no path");
            image = null;
        }
        return id is null || prompt is null
            ? null
            : new SampleLine(id.Value, prompt, image is null ? null : PathOf(root.Span.File, image), seed,
            frames ?? 81, width ?? 832, height ?? 480, root.Span with { Line = number });
    }

    private static string PathOf(string set, string image) =>
        Path.GetFullPath(image.Replace('\\', Path.DirectorySeparatorChar), Path.GetDirectoryName(Path.GetFullPath(set))!);

    /// <summary>A message as the end of a sentence.</summary>
    private static string Lower(string message) => char.ToLowerInvariant(message[0]) + message[1..];
}
