using System.Collections.Immutable;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Costs;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Provenance;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Sources;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Json;
using QuantBuild.Models.Vae;
using QuantBuild.Models.Wan;
using QuantBuild.Pickles;
using QuantBuild.SafeTensors;
using QuantBuild.Text;

namespace QuantBuild.Soak.Mutations;

/// <summary>Every reader of JSON that others may have written.</summary>
internal static class ReaderTargets
{
    private const string Name = "damaged.json";
    private static readonly Digest Key = Digest.Of("key"u8);
    private static readonly FileStamp Stamp = new(12, 34, 56, "7:8");

    public static IReadOnlyList<ReaderTarget> All { get; } =
    [
        new("manifest", Seed("manifest.quant.json"), ReadManifest, Never),
        new("lock", Seed("lock.json"), text =>
            LockFileJson.Parse(text, Name).Experts.Sum(expert => expert.Files.Sum(file => file.Content.Size)) >= 0, Coded("QB4022")),
        new("artifact", Seed("artifact.json"), text =>
            ArtifactDescriptor.Parse(text).Experts.Values.Sum(expert => expert.Files.Sum(file => file.Size)) >= 0, e =>
            e is ArtifactException),
        new("artifact-listing", Seed("artifact.json"), text => ArtifactListing.Read(text) is { } files
            && files.Sum(file => file.Content.Size) >= 0, Never),
        new("quality", Seed("quality.json"), text => ArtifactQuality.Parse(text) is not null, Never),
        new("statement", Seed("statement.json"), text => StatedBuild.Parse(text, Name) is not null, Coded("QB5041")),
        new("envelope", Seed("envelope.json"), text => Envelope.Parse(text, Name) is not null, Coded("QB5041")),
        new("safetensors", Seed("header.json"), ReadHeader, e => e is SafeTensorsException),
        new("pth", TorchArchive.Small(), ReadPth, e => e is SafeTensorsException),
        new("lora", Lora(), ReadLora, e => e is SafeTensorsException or LoraException),
        new("shard-index", Seed("shards.index.json"), text => ShardIndex.Read(text, Name) is not null, e => e is SafeTensorsException),
        new("dit-config", Seed("dit.config.json"), text => WanConfig.Parse(text, Name) is not null, e => e is InvalidDataException),
        new("diffusers-config", Seed("diffusers.config.json"), text => WanConfig.Parse(text, Name) is not null, e =>
            e is InvalidDataException),
        new("vae-config", Seed("vae.config.json"), text => VaeConfig.Parse(text, Name) is not null, e => e is InvalidDataException),
        new("text-config", Seed("text_encoder.config.json"), text => TextEncoderConfig.Parse(text, Name) is not null, e =>
            e is InvalidDataException),
        new("tokenizer", Seed("tokenizer.json"), ReadTokenizer, e => e is InvalidDataException),
        new("model-index", Seed("model_index.json"), text => PipelineIndex.Parse(text) is var boundary && (boundary ?? 0) < double.MaxValue,
            e => e is InvalidDataException),
        new("sample-set", Seed("samples.jsonl"), ReadSamples, Coded("QB31")),
        new("action", Action(), text => ActionRecord.Parse(Summed(text), Key) is { } record
            && record.Outputs.Values.Sum(blob => blob.Size) >= 0, Never),
        new("memo", Memo(), text => FileMemo.Parse(Summed(text), Stamp) is not null, Never),
        new("history", Bytes(new JsonObject { ["last"] = Keys(), ["previous"] = Keys() }), text => BuildHistory.Parse(text) is not null,
            e => e is MalformedJsonException),
        new("evaluation", Evaluation(), text => EvaluationHistory.Parse(text) is not null, Never),
        new("speed", JsonSerializer.SerializeToUtf8Bytes(MachineSpeed.Typical), text => MachineSpeed.Parse(text) is not null, Never),
        new("clip-choice", Bytes(new ClipChoice(0.9, 0, 1.5f, [new(0.9, 0, 1e-3), new(1, 0, 2e-3)]).ToJson()), text =>
            ClipChoice.FromJson(Tree(text)) is not null, e => e is MalformedJsonException),
        new("measure", Measure(), ReadMeasure, e => e is MalformedJsonException),
        new("upload-journal", Seed("journal.upload"), JournalTarget.Read, Never),
        new("hub-answer", Seed("hub-revision.json"), HubTarget.Read, Coded("QB5013")),
        new("hub-refusal", Encoding.UTF8.GetBytes("""{"error":"no","errors":[{"message":"never"}],"message":["a","b"]}"""),
            HubTarget.Refuse, Never),
    ];

    private static bool Never(Exception failure) => false;

    private static Func<Exception, bool> Coded(string code) => failure =>
        failure is DiagnosticException { Diagnostics.Count: > 0 } coded
        && coded.Diagnostics.All(problem => problem.Descriptor.Code.StartsWith(code, StringComparison.Ordinal));

    private static bool ReadManifest(byte[] text)
    {
        ManifestReadResult result = ManifestReader.ReadText("/project/model.quant.json", text);
        bool hasErrors = result.Diagnostics.Any(problem => problem.Descriptor.Severity == Severity.Error);
        if (hasErrors == result.Manifest is not null
            || !result.Diagnostics.All(problem => problem.Span is { Line: > 0, Column: > 0 } && problem.Message.Length > 0))
            throw new InvalidOperationException("a manifest with errors, or errors without places");
        return !hasErrors;
    }

    /// <summary>The damage is in the header; its length fits, and as much data follows as the seed has.</summary>
    private static bool ReadHeader(byte[] header)
    {
        const int Data = 32;
        var file = new byte[8 + header.Length + Data];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        using SafeTensorsFile tensors = SafeTensorsFile.FromMemory(file);
        return tensors.Tensors.Values.Sum(tensor => 4 * tensor.ElementCount) >= 0;
    }

    private static bool ReadPth(byte[] file)
    {
        string path = Path.Combine(Scratch.Folder, "damaged.pth");
        File.WriteAllBytes(path, file);
        using SafeTensorsFile tensors = PthFile.Open(path);
        foreach (TensorInfo tensor in tensors.Tensors.Values)
            ((ITensorSource)tensors).Read(tensor.Name, 0, new byte[tensor.ByteLength]);
        return tensors.Tensors.Count > 0;
    }

    private static bool ReadLora(byte[] file)
    {
        string path = Path.Combine(Scratch.Folder, "damaged.safetensors");
        File.WriteAllBytes(path, file);
        var layer = new TensorInfo("blocks.0.ffn.0.weight", DType.BF16, [4, 3], 0, 24);
        using LoraFile lora = LoraFile.Open(path, 1, new Dictionary<string, TensorInfo> { [layer.Name] = layer });
        return lora.Changes.Count > 0;
    }

    private static byte[] Lora()
    {
        var file = new MemoryStream();
        float[] values = [1, 2, 3, 4, 5, 6];
        SafeTensorsWriter.Write(file,
        [
            TensorData.Of("diffusion_model.blocks.0.ffn.0.lora_down.weight", [1, 3], values.AsMemory(0, 3)),
            TensorData.Of("diffusion_model.blocks.0.ffn.0.lora_up.weight", [4, 1], values.AsMemory(0, 4)),
            TensorData.Of("diffusion_model.blocks.0.ffn.0.alpha", [], values.AsMemory(0, 1)),
        ]);
        return file.ToArray();
    }

    private static bool ReadTokenizer(byte[] text)
    {
        UnigramModel model = TokenizerJson.Read(text, Name);
        return new UnigramTokenizer(model).Encode("a b", 16).Length > 0;
    }

    private static bool ReadSamples(byte[] text)
    {
        string path = Path.Combine(Scratch.Folder, "samples.jsonl");
        File.WriteAllBytes(path, text);
        return SampleLine.Read(path, null).Count >= 0;
    }

    private static bool ReadMeasure(byte[] text)
    {
        var measure = LayerErrors.FromJson(Tree(text));
        return LayerQualities.Of(measure, "high_noise", "blocks.0.ffn.0") is not null
            && Compiler.Reporting.LayerFacts.Totals(measure).Count > 0;
    }

    private static JsonObject Tree(byte[] text) => Compiler.Json.JsonNodeFields.Members(Compiler.Json.CheckedNodes.Parse(text));

    /// <summary>
    /// Puts the right checksum under a damaged text, where that is possible: else nothing behind the checksum would be tried.
    /// </summary>
    private static byte[] Summed(byte[] text)
    {
        try
        {
            JsonObject value = JsonNode.Parse(text)!.AsObject();
            value.Remove("sum");
            value["sum"] = CanonicalJson.DigestOf(value).ToString();
            return CanonicalJson.Serialize(value);
        }
        catch (Exception)
        {
            return text;
        }
    }

    private static byte[] Action() =>
        new ActionRecord(Key, "Gptq", new Dictionary<string, BlobRef> { ["weights"] = new(Key, 1234) }, 1.5, "0.1.0",
        new JsonObject { ["options"] = new JsonObject { ["damp"] = 0.01 },
            ["inputs"] = new JsonObject { ["weight"] = Key.ToString() } }).ToJson(_ => null);

    private static byte[] Memo() => Summed(Bytes(new JsonObject
    {
        ["path"] = "/a", ["kind"] = "k", ["fact"] = new JsonObject { ["a"] = Key.ToString() },
        ["stamp"] = new JsonObject { ["size"] = Stamp.Size, ["modified"] = Stamp.Modified, ["changed"] = Stamp.Changed, ["id"] = Stamp.Id },
    }));

    private static byte[] Evaluation() => Bytes(new RememberedEvaluation(Key, 8,
    [
        new("recipe", 0.1, ImmutableSortedDictionary<string, double>.Empty.Add("high_noise", 0.1), 0.2, 0.98, null, 0.9, 1234, 2.5),
    ]).ToJson());

    private static byte[] Measure()
    {
        JsonObject Sums() => new() { ["error"] = 0.1, ["dot"] = 1.0, ["norm"] = 1.1 };
        return Bytes(new JsonObject
        {
            ["bins"] = new JsonArray(new JsonObject
            {
                ["reference"] = 2.5, ["tokens"] = 64,
                ["methods"] = new JsonObject { ["rtn"] = Sums(), ["svdquant+rtn"] = Sums(), ["svdquant+gptq"] = Sums(),
                    ["recipe"] = Sums() },
            }),
        });
    }

    private static JsonObject Keys() =>
        new() { ["Gptq high_noise blocks.0.ffn.0"] = Key.ToString(), ["Clip high_noise blocks.0.ffn.0/early"] = Key.ToString() };

    private static byte[] Bytes(JsonObject value) => CanonicalJson.Serialize(value);

    private static byte[] Seed(string name)
    {
        using Stream stream = typeof(ReaderTargets).Assembly.GetManifestResourceStream("mutations/" + name)
            ?? throw new InvalidOperationException($"there is no seed {name}");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
