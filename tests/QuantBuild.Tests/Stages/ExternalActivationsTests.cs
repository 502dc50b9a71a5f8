using System.Text.Json;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Operations;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Stages;

public sealed class ExternalActivationsTests : IDisposable
{
    private const string Site = "low_noise/blocks.0.ffn.2";
    private readonly TinyProject _project = new();

    public void Dispose() => _project.Dispose();

    private string Folder => Path.Combine(_project.Root, "recordings");

    [Fact]
    public void A_build_from_exported_activations_gives_the_same_artifact_byte_for_byte()
    {
        _project.Build();
        IReadOnlyDictionary<string, string> expected = _project.ArtifactDigests();
        Assert.Equal(["sample.000.safetensors", "sample.001.safetensors"], Export().Select(Path.GetFileName));

        using var other = new TinyProject { MoreCalibration = $$""", "activations": {{JsonSerializer.Serialize(Folder)}} """ };
        TinyProject.Outcome built = other.Build();

        Assert.Equal(expected, other.ArtifactDigests());
        Assert.DoesNotContain(built.Ran, action => action.Stage == "Trajectory");
        Assert.Empty(other.Build().Ran);
    }

    [Fact]
    public void A_value_that_is_not_finite_names_file_tensor_and_place()
    {
        Patch(Export()[1], Site + "/tokens", [0xC0, 0x7F]);

        Assert.Contains("sample.001.safetensors': tensor 'low_noise/blocks.0.ffn.2/tokens' holds NaN at step 0, token 0, channel 0",
            Failure("QB3112"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_above_its_absmax_is_an_error()
    {
        Patch(Export()[0], Site + "/absmax", new byte[4]);

        Assert.Contains("absmax is 0", Failure("QB3112"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_tensor_and_one_of_another_type_are_told_together()
    {
        Rewrite(Export()[0], tensors => tensors.Where(tensor => tensor.Name != Site + "/tokens")
            .Select(tensor => tensor.Name == Site + "/absmax"
                ? new TensorData(tensor.Name, DType.I32, tensor.Shape, tensor.Write)
                : tensor));

        string message = Failure("QB3112");

        Assert.Contains($"'{Site}/tokens' is missing", message, StringComparison.Ordinal);
        Assert.Contains($"'{Site}/absmax' is I32 instead of F32", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Timesteps_of_another_schedule_are_an_error()
    {
        Rewrite(Export()[0], tensors => tensors, metadata => metadata["low_noise.timesteps"] = "850,3");

        Assert.Contains("have 850, which does not follow in the schedule", Failure("QB3113"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bin_that_no_recording_has_a_step_of_is_an_error()
    {
        _project.Samples = 1;
        string file = Assert.Single(Export());
        Rewrite(file, tensors =>
            tensors.Select(tensor => tensor.Name.StartsWith("low_noise", StringComparison.Ordinal) ? FirstStep(tensor) : tensor),
            metadata => metadata["low_noise.timesteps"] = metadata["low_noise.timesteps"].Split(',')[0]);

        Assert.Contains("bin 'late' of low_noise", Failure("QB3114"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_recording_of_some_steps_is_enough_when_every_bin_has_one()
    {
        _project.HighBins = _project.LowBins = """ "all:0-1" """;
        foreach (string file in Export())
        {
            Rewrite(file, tensors => tensors.Select(FirstStep), metadata =>
            {
                foreach (string expert in (string[])["high_noise.timesteps", "low_noise.timesteps"])
                    metadata[expert] = metadata[expert].Split(',')[0];
            });
        }

        UseRecordings();

        Assert.Contains(_project.Build().Ran, action => action.Stage == "Clip");
    }

    [Fact]
    public void A_file_may_have_recordings_of_one_expert_alone()
    {
        IReadOnlyList<string> files = Export();
        foreach ((string file, string expert) in files.Zip((string[])["low_noise", "high_noise"]))
        {
            Rewrite(file, tensors => tensors.Where(tensor => !tensor.Name.StartsWith(expert, StringComparison.Ordinal)),
                metadata => metadata.Remove(expert + ".timesteps"));
        }
        UseRecordings();

        Assert.Equal(2, _project.Build().Ran.Count(action => action.Stage == "Pack"));
        Assert.Empty(_project.Build().Ran);
    }

    [Fact]
    public void A_bin_whose_recordings_have_few_tokens_is_a_warning_whatever_the_manifest_says_of_tokens_per_step()
    {
        _project.HighBins = _project.LowBins = """ "all:0-1" """;
        Export();
        UseRecordings();
        var observer = new Warnings();

        _project.Build(observer);

        Assert.DoesNotContain(observer.Reported, warning => warning.Descriptor.Code == "QB1041");
        string[] few = [.. observer.Reported.Where(warning => warning.Descriptor.Code == "QB3115").Select(warning => warning.Message)];
        Assert.Equal(2, few.Length);
        // Two samples, two steps of either expert, 48 tokens.
        Assert.StartsWith(
            "The recordings have 192 tokens of bin 'all' of high_noise for blocks.0.ffn.2, fewer than twice its 512 input channels", few[0],
                StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_cut_off_or_no_safetensors_file_is_named()
    {
        string file = Export()[1];
        using (var stream = new FileStream(file, FileMode.Open))
            stream.SetLength(stream.Length / 2);
        Assert.Contains("sample.001.safetensors", Failure("QB3111"), StringComparison.Ordinal);

        File.WriteAllText(file, "recorded later");
        Assert.Contains("sample.001.safetensors", Failure("QB3111"), StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_channels_a_missing_dimension_and_no_tokens_are_told_together()
    {
        Rewrite(Export()[0], tensors => tensors.Select(tensor => tensor.Name switch
        {
            Site + "/absmax" => new TensorData(tensor.Name, tensor.DType, [.. tensor.Shape.Reverse()], tensor.Write),
            Site + "/tokens" =>
                new TensorData(tensor.Name, tensor.DType, [tensor.Shape[0], tensor.Shape[1] * tensor.Shape[2]], tensor.Write),
            "high_noise/blocks.0.ffn.2/tokens" =>
                new TensorData(tensor.Name, tensor.DType, [tensor.Shape[0], 0, tensor.Shape[2]], _ => { }),
            _ => tensor,
        }));

        string message = Failure("QB3112");

        Assert.Contains($"'{Site}/absmax' is [", message, StringComparison.Ordinal);
        Assert.Contains($"'{Site}/tokens' is [", message, StringComparison.Ordinal);
        Assert.Contains("'high_noise/blocks.0.ffn.2/tokens' is [", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0x00, 0x00, 0xC0, 0x7F })]
    [InlineData(new byte[] { 0x00, 0x00, 0x80, 0x7F })]
    [InlineData(new byte[] { 0x00, 0x00, 0x80, 0xBF })]
    public void Maxima_that_are_not_finite_or_negative_are_an_error(byte[] value)
    {
        Patch(Export()[0], Site + "/absmax", value);

        Assert.Contains($"tensor '{Site}/absmax' holds", Failure("QB3112"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_written_to_while_a_build_reads_it_is_an_error_and_nothing_is_remembered_of_it()
    {
        IReadOnlyList<string> files = Export();
        UseRecordings();

        DiagnosticException failure =
            Assert.Throws<DiagnosticException>(() =>
                _project.Build(new BeforeFirst("Gptq", () => Patch(files[0], Site + "/tokens", [0, 0]))));

        Assert.All(failure.Diagnostics, problem => Assert.Equal("QB4007", problem.Descriptor.Code));
        _project.Build();
        IReadOnlyDictionary<string, string> digests = _project.ArtifactDigests();
        _project.Store = Path.Combine(_project.Root, "fresh store");
        _project.Build();
        Assert.Equal(_project.ArtifactDigests(), digests);
    }

    [Fact]
    public void A_folder_that_is_not_there_too_few_files_and_a_file_of_another_kind_are_errors_at_their_line()
    {
        UseRecordings();
        Assert.Contains("no such folder", Failure("QB3111"), StringComparison.Ordinal);

        Directory.CreateDirectory(Folder);
        Assert.Contains("has 0 samples", Failure("QB3103"), StringComparison.Ordinal);

        foreach (int sample in (int[])[0, 1])
            SafeTensorsWriter.Write(Path.Combine(Folder, $"{sample}.safetensors"), [TensorData.Of("x", [1], new float[1])]);
        Assert.Contains("quantbuild-activations-1", Failure("QB3111"), StringComparison.Ordinal);
    }

    private IReadOnlyList<string> Export() =>
        ModelCompiler.ExportActivations(_project.Options(), Folder, SilentObserver.Instance, TestContext.Current.CancellationToken);

    private void UseRecordings() => _project.MoreCalibration = $$""", "activations": {{JsonSerializer.Serialize(Folder)}} """;

    private string Failure(string code)
    {
        UseRecordings();
        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => _project.Build());
        Diagnostic[] errors = [.. failure.Diagnostics.Where(diagnostic => diagnostic.Descriptor.Severity == Severity.Error)];
        Assert.All(errors, error => Assert.Equal(code, error.Descriptor.Code));
        Assert.All(errors, error => Assert.Equal(7, error.Span!.Value.Line));
        return string.Join('\n', errors.Select(error => error.Message));
    }

    /// <summary>The first part of a tensor along its first dimension.</summary>
    private static TensorData FirstStep(TensorData tensor) => new(tensor.Name, tensor.DType, [1, .. tensor.Shape.Skip(1)], stream =>
    {
        using var all = new MemoryStream();
        tensor.Write(all);
        stream.Write(all.ToArray().AsSpan(0, (int)(all.Length / tensor.Shape[0])));
    });

    private static void Rewrite(string path, Func<IEnumerable<TensorData>, IEnumerable<TensorData>> change,
        Action<Dictionary<string, string>>? metadata = null)
    {
        string changed = path + ".new";
        using (SafeTensorsFile file = SafeTensorsFile.Open(path))
        {
            var values = new Dictionary<string, string>(file.Metadata, StringComparer.Ordinal);
            metadata?.Invoke(values);
            SafeTensorsWriter.Write(changed, [.. change(file.Tensors.Keys.Select(name => TensorData.Copy(file, name)))], values);
        }
        File.Move(changed, path, overwrite: true);
    }

    private static void Patch(string path, string tensor, byte[] bytes)
    {
        long position;
        using (SafeTensorsFile file = SafeTensorsFile.Open(path))
            position = file.DataStart + file.Tensors[tensor].Begin;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        stream.Position = position;
        stream.Write(bytes);
    }
}
