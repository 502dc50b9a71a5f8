using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Formats;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Tests.Models.Wan;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Sources;

/// <summary>
/// Checkpoints as other programs write them: one file per expert, with prefixes, in 8-bit floats, with what else was lying about.
/// </summary>
public sealed class ForeignCheckpointTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-foreign").FullName;

    [Theory]
    [InlineData("model.diffusion_model.", false)]
    [InlineData("diffusion_model.", false)]
    [InlineData("diffusion_model.", true)]
    [InlineData("", false)]
    public void A_file_per_expert_under_other_names_builds_the_same_bytes(string prefix, bool diffusers)
    {
        using TinyProject plain = new();
        plain.Build();
        IReadOnlyDictionary<string, string> expected = plain.ArtifactDigests();

        string[] files = SourceFiles.Write(_folder, source => source.Tensors.Keys.Select(name =>
            TensorData.Copy(source, name, prefix + (diffusers ? DiffusersCheckpoint.NameOf(name) : name)))
            .Concat(prefix.Length == 0 ? [] : [SourceFiles.Tensor("first_stage_model.decoder.weight", [2, 2], i => i)]));
        plain.Checkpoint = _folder;
        (plain.HighWeights, plain.LowWeights) = (files[0], files[1]);
        IReadOnlyList<string> ran = plain.Build().RanNames;

        Assert.All(ran, name => Assert.StartsWith("Pack ", name, StringComparison.Ordinal));
        Assert.All(expected.Keys.Where(path => path.EndsWith(".safetensors", StringComparison.Ordinal)),
            path => Assert.Equal(expected[path], plain.ArtifactDigests()[path]));
    }

    [Fact]
    public void What_is_no_part_of_the_expert_is_listed_once()
    {
        string[] files = SourceFiles.Write(_folder, source => source.Tensors.Keys
            .Select(name => TensorData.Copy(source, name, "model.diffusion_model." + name))
            .Append(SourceFiles.Tensor("cond_stage_model.embedding", [4], i => i))
            .Append(SourceFiles.Tensor("model_ema.decay", [1], i => i)));

        Diagnostic[] reports = [.. Plan(files).Diagnostics.Where(report => report.Descriptor == Descriptors.TensorsLeftOut)];

        Assert.Equal(["high_noise", "low_noise"], reports.Select(report => report.Arguments[1]));
        Assert.Equal("2 tensors in the files of high_noise are left out ('cond_stage_model.embedding', 'model_ema.decay'): "
            + "they are no part of the expert", reports[0].Message);
    }

    [Theory]
    [InlineData(".scale_weight", false)]
    [InlineData(".weight_scale", true)]
    public void Eight_bit_floats_with_scales_are_read_as_what_they_stand_for(string scale, bool perRow)
    {
        string[] files = SourceFiles.Write(_folder, source => source.Tensors.Keys.SelectMany(name =>
            name.EndsWith("ffn.0.weight", StringComparison.Ordinal)
                ? SourceFiles.Fp8(source, name, name, name[..^".weight".Length] + scale, perRow)
                : [TensorData.Copy(source, name)])
            .Append(SourceFiles.Tensor("scaled_fp8", [0], _ => 0))
            .Append(SourceFiles.Tensor("blocks.0.ffn.0.input_scale", [1], _ => 1)));

        using WanCheckpoint read = WanCheckpoint.Open(Path.Combine(_folder, files[0]));
        using WanCheckpoint original = WanCheckpoint.Open(TestData.TinyWan("checkpoint", "high_noise_model"));

        Assert.Equal(original.Tensors.Keys.Order(), read.Tensors.Keys.Order());
        Assert.Equal(DType.F32, read.Tensors["blocks.0.ffn.0.weight"].DType);
        (float[] a, float[] b) = (original.ReadFloat32("blocks.0.ffn.0.weight"), read.ReadFloat32("blocks.0.ffn.0.weight"));
        double error = a.Zip(b, (x, y) => (double)(x - y) * (x - y)).Sum() / a.Sum(x => (double)x * x);
        Assert.InRange(Math.Sqrt(error), 1e-4, 0.04);
        // Any part of it, also one that begins and ends within a row.
        var part = new float[77];
        read.ReadFloat32("blocks.0.ffn.0.weight", 1001, part);
        Assert.Equal(b[1001..(1001 + part.Length)], part);
        Assert.Equal(b.AsSpan(5, 3),
            System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(read.Bytes("blocks.0.ffn.0.weight", 20, 12)));
        Assert.Equal(["blocks.0.ffn.0.input_scale"], read.IgnoredScales);
    }

    [Fact]
    public void A_build_of_eight_bit_floats_equals_that_of_their_values()
    {
        string[] files = SourceFiles.Write(_folder, source => source.Tensors.Keys.SelectMany(name =>
            name.Contains("ffn", StringComparison.Ordinal) && name.EndsWith(".weight", StringComparison.Ordinal)
                ? SourceFiles.Fp8(source, name, name, name[..^".weight".Length] + ".scale_weight", perRow: false)
                : [TensorData.Copy(source, name)]));
        string wide = Path.Combine(_folder, "wide");
        Directory.CreateDirectory(wide);
        File.Copy(Path.Combine(_folder, "config.json"), Path.Combine(wide, "config.json"));
        foreach (string file in files)
        {
            using WanCheckpoint fp8 = WanCheckpoint.Open(Path.Combine(_folder, file));
            SafeTensorsWriter.Write(Path.Combine(wide, file), [.. fp8.Tensors.Keys.Select(name => TensorData.Copy(fp8, name))]);
        }
        using TinyProject project = new() { Checkpoint = wide, HighWeights = files[0], LowWeights = files[1] };
        project.OutputSection = """ "keptDtype": "bf16" """;
        project.Build();
        IReadOnlyDictionary<string, string> expected = project.ArtifactDigests();
        project.Checkpoint = _folder;
        project.Build();

        Assert.All(expected.Keys.Where(path => path.EndsWith(".safetensors", StringComparison.Ordinal)),
            path => Assert.Equal(expected[path], project.ArtifactDigests()[path]));
    }

    [Fact]
    public void Tables_of_eight_bit_floats_are_those_of_the_specification()
    {
        Assert.Equal(448, Float8.E4M3[0x7e]);
        Assert.True(float.IsNaN(Float8.E4M3[0x7f]) && float.IsNaN(Float8.E4M3[0xff]));
        Assert.Equal(MathF.ScaleB(1, -9), Float8.E4M3[1]);
        Assert.Equal(MathF.ScaleB(1, -6), Float8.E4M3[8]);
        Assert.Equal(-1.5f, Float8.E4M3[0xbc]);
        Assert.Equal(57344, Float8.E5M2[0x7b]);
        Assert.Equal(float.PositiveInfinity, Float8.E5M2[0x7c]);
        Assert.Equal(float.NegativeInfinity, Float8.E5M2[0xfc]);
        Assert.True(float.IsNaN(Float8.E5M2[0x7d]));
        Assert.Equal(MathF.ScaleB(1, -16), Float8.E5M2[1]);
        Assert.Equal(1, Float8.E5M2[0x3c]);
    }

    [Fact]
    public void A_scale_that_fits_no_weight_is_named()
    {
        string[] files = SourceFiles.Write(_folder, source => source.Tensors.Keys.SelectMany(name => name == "blocks.0.ffn.0.weight"
            ? [.. SourceFiles.Fp8(source, name, name, "x", perRow: false).Take(1),
                SourceFiles.Tensor("blocks.0.ffn.0.scale_weight", [3], _ => 1)]
            : new[] { TensorData.Copy(source, name) }));

        Diagnostic report = Plan(files).Diagnostics.First(d => d.Descriptor == Descriptors.InvalidCheckpoint);
        Assert.Contains("scale 'blocks.0.ffn.0.scale_weight' is [3]; a weight of [", report.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Integers_are_refused_by_name_and_a_missing_tensor_names_the_closest()
    {
        string[] files = SourceFiles.Write(_folder, source => source.Tensors.Keys.Select(name => name switch
        {
            "blocks.0.ffn.0.weight" =>
                TensorData.Of(name, DType.I8, source.Tensors[name].Shape, new byte[source.Tensors[name].ElementCount]),
            "blocks.1.ffn.2.bias" => TensorData.Copy(source, name, "blocks.1.ffn.2.bais"),
            _ => TensorData.Copy(source, name),
        }));

        string[] messages = [.. Plan(files).Diagnostics.Select(d => d.Message)];
        Assert.Contains(messages, message =>
            message.StartsWith("Tensor 'blocks.0.ffn.0.weight' is I8; weights must be F32, F16, BF16,", StringComparison.Ordinal));
        Assert.Contains("Tensor 'blocks.1.ffn.2.bias' of high_noise is missing; the closest name there is 'blocks.1.ffn.2.bais'", messages);
    }

    [Fact]
    public void Without_a_configuration_the_shapes_tell_it()
    {
        var config = new WanConfig { Dim = 5120, FfnDim = 13824, NumHeads = 40, NumLayers = 40, InDim = 36, OutDim = 16 };

        Assert.Equal(config, WanConfigGuess.From(WanTensors.ExpectedShapes(config).ToDictionary(entry => entry.Key,
            entry => new TensorInfo(entry.Key, DType.BF16, entry.Value, 0, 0))));
        Assert.Throws<InvalidDataException>(() => WanConfigGuess.From(new Dictionary<string, TensorInfo>()));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private PlanResult Plan(string[] files)
    {
        using TinyProject project = new() { Checkpoint = _folder, HighWeights = files[0], LowWeights = files[1] };
        project.WriteManifest();
        return Planner.Resolve(ManifestReader.Read(project.Manifest).Manifest!);
    }
}
