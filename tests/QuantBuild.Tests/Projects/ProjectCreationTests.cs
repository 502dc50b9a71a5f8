using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Projects;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Store;
using QuantBuild.Models.Wan;

namespace QuantBuild.Tests.Projects;

public sealed class ProjectCreationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("projects").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_manifest_of_a_new_project_is_valid_and_has_the_defaults()
    {
        NewProject project = Create("first", TestData.TinyWan("checkpoint"));

        ManifestReadResult read = ManifestReader.Read(PathOf("first", "first.quant.json"));
        Assert.Empty(read.Diagnostics);
        QuantManifest minimal = ManifestReader.ReadText(PathOf("first", "other.quant.json"),
            "{ \"model\": { \"source\": \"x\" }, \"experts\": { \"high_noise\": {}, \"low_noise\": {} }, \"calibration\": { \"data\": \"calibration.jsonl\" } }"u8).Manifest!;
        Assert.Equal("first", read.Manifest!.Name);
        Assert.Equal(minimal.Calibration with { Span = default }, read.Manifest.Calibration with { Span = default });
        Assert.Equal(minimal.Quantize, read.Manifest.Quantize);
        Assert.Equal(minimal.Experts.SelectMany(expert => expert.Bins).Select(Spell),
            read.Manifest.Experts.SelectMany(expert => expert.Bins).Select(Spell));
        Assert.Equal(["high_noise_model", "low_noise_model"], read.Manifest.Experts.Select(expert => expert.Weights));
        Assert.Equal(("original", true), (project.Layout, project.HasEncoders));
        Assert.Equal(120, project.Plan.Experts.Sum(expert => expert.Layers.Length));
        Assert.Equal(project.Files.Order(StringComparer.Ordinal), Directory.GetFiles(project.Folder).Select(file => Path.GetFileName(file))
            .Order(StringComparer.Ordinal));
        Assert.Contains($"Version=\"{ToolVersion.Text}\"", File.ReadAllText(PathOf("first", "first.csproj")), StringComparison.Ordinal);
        Assert.DoesNotContain("ModelName", string.Concat(project.Files.Select(file => File.ReadAllText(PathOf("first", file)))),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_calibration_set_is_refused_until_every_line_is_filled_in_by_one_error_with_their_number()
    {
        NewProject project = Create("unfilled", TestData.TinyWan("checkpoint"));
        string set = PathOf("unfilled", "calibration.jsonl");

        Diagnostic unfilled = Assert.Single(Faults(set));
        string[] lines = File.ReadAllLines(set);
        lines[0] = lines[0].Replace(SampleLine.Placeholder, "a star", StringComparison.Ordinal);
        lines[4] = lines[4].Replace(SampleLine.Placeholder, "a moon", StringComparison.Ordinal);
        File.WriteAllLines(set, lines);
        IReadOnlyList<Diagnostic> begun = Faults(set);
        File.WriteAllText(set, File.ReadAllText(set).Replace(SampleLine.Placeholder, "a sun", StringComparison.Ordinal));
        Diagnostic pictures = Assert.Single(Faults(set));

        Assert.Contains("calibration.jsonl", project.Files);
        Assert.Equal((Descriptors.CalibrationPlaceholder, 1), (unfilled.Descriptor, unfilled.Span!.Value.Line));
        Assert.StartsWith("12 of 12 samples", unfilled.Message, StringComparison.Ordinal);
        Assert.Equal([(Descriptors.CalibrationPicture, 1), (Descriptors.CalibrationPlaceholder, 2)],
            begun.Select(fault => (fault.Descriptor, fault.Span!.Value.Line)));
        Assert.Contains("(lines 2, 3, 4, 6, 7 and 5 more)", begun[1].Message, StringComparison.Ordinal);
        Assert.Contains("2 are missing: lines 1, 5", begun[0].Message, StringComparison.Ordinal);
        Assert.Equal((Descriptors.CalibrationPicture, 1), (pictures.Descriptor, pictures.Span!.Value.Line));
        Assert.Contains("12 are missing: lines 1, 2, 3, 4, 5 and 7 more", pictures.Message, StringComparison.Ordinal);

        static IReadOnlyList<Diagnostic> Faults(string set) =>
            Assert.Throws<DiagnosticException>(() => SampleSet.Read(set, count: null, origin: null, WanArchitecture.ImageToVideo))
                .Diagnostics;
    }

    [Fact]
    public void A_checkpoint_of_the_Diffusers_library_is_recognized_with_its_boundary()
    {
        string checkpoint = PathOf("weights");
        Directory.CreateDirectory(checkpoint);
        Copy("high_noise_model", "transformer");
        Copy("low_noise_model", "transformer_2");
        File.WriteAllText(Path.Combine(checkpoint, "model_index.json"), """{ "boundary_ratio": 0.875 }""");

        NewProject project = Create("second", checkpoint);

        QuantManifest manifest = ManifestReader.Read(PathOf("second", "second.quant.json")).Manifest!;
        Assert.Equal(["transformer", "transformer_2"], manifest.Experts.Select(expert => expert.Weights));
        Assert.Equal(0.875, manifest.Model.Boundary);
        Assert.Equal(("Diffusers", false, "../weights"), (project.Layout, project.HasEncoders, project.Source));

        void Copy(string from, string to)
        {
            Directory.CreateDirectory(Path.Combine(checkpoint, to));
            foreach (string file in Directory.GetFiles(TestData.TinyWan("checkpoint", from)))
                File.Copy(file, Path.Combine(checkpoint, to, Path.GetFileName(file)));
        }
    }

    [Fact]
    public void Nothing_is_replaced_without_being_told_to()
    {
        Directory.CreateDirectory(PathOf("third"));
        File.WriteAllText(PathOf("third", "README.md"), "mine");

        Diagnostic problem = Problem(() => Create("third", TestData.TinyWan("checkpoint")));

        Assert.Equal((Descriptors.ProjectExists, "README.md"), (problem.Descriptor, problem.Arguments[1]));
        Assert.Equal("mine", File.ReadAllText(Assert.Single(Directory.GetFiles(PathOf("third")))));
        ProjectCreation.Write(new ProjectRequest(PathOf("third"), TestData.TinyWan("checkpoint"), Force: true), SilentObserver.Instance,
            TestContext.Current.CancellationToken);
        Assert.StartsWith("# third", File.ReadAllText(PathOf("third", "README.md")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-x")]
    [InlineData("é")]
    [InlineData("a/b")]
    public void A_name_that_files_cannot_have_is_refused(string name) => Assert.Equal(Descriptors.ProjectName,
        Problem(() =>
            ProjectCreation.Write(new ProjectRequest(PathOf("x"), TestData.TinyWan("checkpoint"), name), SilentObserver.Instance,
                TestContext.Current.CancellationToken)).Descriptor);

    [Fact]
    public void A_folder_without_a_checkpoint_leaves_nothing_behind()
    {
        Assert.Equal(Descriptors.ProjectSource, Problem(() => Create("fourth", PathOf("none"))).Descriptor);
        Assert.Equal(Descriptors.ProjectSource,
            Problem(() => Create("fourth", TestData.TinyWan("checkpoint", "high_noise_model"))).Descriptor);
        Directory.CreateDirectory(PathOf("half", "high_noise_model"));
        Assert.Equal(Descriptors.InvalidConfig, Problem(() => Create("fourth", PathOf("half"))).Descriptor);
        Assert.False(Directory.Exists(PathOf("fourth")));
    }

    private NewProject Create(string name, string checkpoint) =>
        ProjectCreation.Write(new ProjectRequest(PathOf(name), checkpoint), SilentObserver.Instance, TestContext.Current.CancellationToken);

    private static Diagnostic Problem(Action work) => Assert.Throws<DiagnosticException>(work).Diagnostics[0];

    private static string Spell(BinSection bin) => FormattableString.Invariant($"{bin.Name} {bin.From}-{bin.To}");

    private string PathOf(params string[] parts) => Path.Combine([_folder, .. parts]);
}
