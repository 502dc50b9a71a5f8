using System.CommandLine;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.Tool.Commands;

namespace QuantBuild.Tests.Pipelines;

public class GenerateOptionsTests
{
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
