using System.CommandLine;
using System.CommandLine.Parsing;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.Tool.Commands;
using QuantBuild.Tool.Running;

namespace QuantBuild.Tests.Pipelines;

public class GenerateOptionsTests
{
    [Theory]
    [InlineData("--compute", "gpu", "--compute takes cpu or torch, not 'gpu'.")]
    [InlineData("--compute", "1", "--compute takes cpu or torch, not '1'.")]
    [InlineData("--memory", "7", "--memory takes one, both or none, not '7'.")]
    [InlineData("--solver", "", "--solver takes unipc, euler or lcm, not ''.")]
    public void A_name_that_is_none_is_told_with_those_that_are(string option, string text, string expected)
    {
        ParseError error = Assert.Single(Command().Parse([.. Required, option, text]).Errors);

        Assert.Equal(expected, error.Message);
    }

    [Theory]
    [InlineData("torch", ComputeBackend.Torch)]
    [InlineData("CPU", ComputeBackend.Cpu)]
    [InlineData(null, null)]
    internal void Names_are_taken_in_any_case(string? text, ComputeBackend? expected)
    {
        ParseResult arguments = Command().Parse(text is null ? Required : [.. Required, "--compute", text]);

        Assert.Empty(arguments.Errors);
        Assert.Equal(expected, arguments.GetValue(ComputeArguments.Compute));
    }

    private static string[] Required => ["--model", "checkpoint", "--image", "first.png", "--prompt", "a red ball"];

    private static Command Command()
    {
        var command = new Command("generate");
        GenerateOptions.AddTo(command);
        ComputeArguments.AddWithChoiceTo(command);
        return command;
    }

    [Theory]
    [InlineData(null, 900)]
    [InlineData("{ }", 900)]
    [InlineData("""{ "boundary_ratio": null }""", 900)]
    [InlineData("""{ "boundary_ratio": 0.875 }""", 875)]
    [InlineData("""{ "boundary_ratio": 0.901 }""", 901)]
    public void Experts_switch_where_the_checkpoint_says(string? index, int boundary)
    {
        string checkpoint = Directory.CreateTempSubdirectory().FullName;
        try
        {
            if (index is not null)
                File.WriteAllText(Path.Combine(checkpoint, "model_index.json"), index);
            var command = new Command("generate");
            GenerateOptions.AddTo(command);
            ParseResult arguments = command.Parse(["--model", checkpoint, "--image", "first.png", "--prompt", "a red ball"]);
            Assert.Equal(boundary, GenerateOptions.Of(arguments, new NamedModel(new PipelineSource(checkpoint), null),
                WanArchitecture.ImageToVideo, artifact: null).Sampling.Boundary);
        }
        finally
        {
            Directory.Delete(checkpoint, recursive: true);
        }
    }
}
