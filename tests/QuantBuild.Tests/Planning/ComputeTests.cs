using System.Text;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Stages;

namespace QuantBuild.Tests.Planning;

/// <summary>The manifest's choice of arithmetic, from its section to the stages.</summary>
public sealed class ComputeTests
{
    [Fact]
    public void Everything_is_computed_by_the_cpu_unless_a_manifest_says_otherwise()
    {
        PlanResult planned = Resolve("");

        Assert.Empty(planned.Diagnostics);
        Assert.All(BuildStages.All, stage => Assert.Equal(NumericProfile.Cpu, planned.Plan!.Profiles.Of(stage)));
        Assert.Equal(new NumericProfile("cpu-1", BitExact: true), NumericProfile.Cpu);
    }

    [Fact]
    public void Every_stage_follows_the_choice_of_its_group()
    {
        var profiles = new StageProfiles(new NumericProfile("m", BitExact: false), new NumericProfile("l", BitExact: false));

        Assert.Equal(
            ["Condition m", "Trajectory m", "Smooth cpu-1", "Rotate l", "Curve l", "LowRank l", "Gptq l", "Clip l", "Measure l",
                "Pack cpu-1",
                "Spectrum cpu-1", "Evaluate m", "Decode m"],
            BuildStages.All.Select(stage => $"{stage} {profiles.Of(stage)}"));
        Assert.Equal("model m, layers l", profiles.ToString());
    }

    [Fact]
    public void The_arithmetic_is_part_of_the_key()
    {
        static ActionSpec With(NumericProfile profile) => new(BuildStages.Gptq, profile, "low_noise", "blocks.0.ffn.2", [], []);

        Assert.Equal("cpu-1", (string?)With(NumericProfile.Cpu).Description["profile"]);
        Assert.NotEqual(With(NumericProfile.Cpu).Key, With(new NumericProfile("other", BitExact: true)).Key);
    }

    [Fact]
    public void An_arithmetic_that_is_not_installed_is_an_error_at_its_place_for_each_group()
    {
        PlanResult planned = Resolve("""
            "compute": {
              "model": "torch", "device": "cuda",
              "layers": "torch"
            },
            """);

        Assert.Null(planned.Plan);
        Assert.Equal([("QB3220", 3, 12), ("QB3220", 4, 13)],
            planned.Diagnostics.Select(problem => (problem.Descriptor.Code, problem.Span!.Value.Line, problem.Span.Value.Column)));
        Assert.Equal(
            "'compute.model' asks for the arithmetic 'torch', which is not installed: it is in the package QuantBuild.Compiler.Torch",
            planned.Diagnostics[0].Message);
    }

    [Fact]
    public void Settings_of_an_arithmetic_that_nothing_uses_are_warned_of()
    {
        PlanResult planned = Resolve("""
            "compute": { "device": "cuda",
              "dtype": "float32" },
            """);

        Assert.NotNull(planned.Plan);
        Assert.Equal([("QB3221", 2), ("QB3221", 3)],
            planned.Diagnostics.Select(problem => (problem.Descriptor.Code, problem.Span!.Value.Line)));
    }

    [Fact]
    public void The_section_is_read_with_its_defaults()
    {
        ComputeSection section = Read(""" "compute": { "layers": "torch", "dtype": "float32" }, """).Manifest!.Compute;

        Assert.Equal((ComputeBackend.Cpu, ComputeBackend.Torch, ComputeDevice.Cpu, ComputeDType.Float32),
            (section.Model, section.Layers, section.Device, section.DType));
    }

    private static PlanResult Resolve(string section) => Planner.Resolve(Read(section).Manifest!);

    private static ManifestReadResult Read(string section)
    {
        string path = TestData.TinyWan("tinywan.quant.json");
        string text = File.ReadAllText(path);
        return ManifestReader.ReadText(path,
            Encoding.UTF8.GetBytes("{\n" + section + text[(text.IndexOf('{', StringComparison.Ordinal) + 1)..]));
    }
}
