using System.Text.Json;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class WatchingTests
{
    [Fact]
    public void Editors_and_dotnet_watch_know_what_a_model_is_made_of()
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);

        string[] watched = Items(project, "Watch");
        string[] inputs = Items(project, "UpToDateCheckInput");
        string[] outputs = Items(project, "UpToDateCheckOutput");

        Assert.Contains(project.Model.Manifest, watched);
        Assert.Contains(project.Model.Manifest, inputs);
        Assert.Contains(Repository.PathOf("models", "TinyWan", "calibration.jsonl"), inputs);
        Assert.Equal(inputs.Distinct(), inputs);
        Assert.Equal([Path.Combine(project.Quant, "reduced.stamp")], outputs);
    }

    [Fact]
    public void A_build_says_what_became_of_each_model()
    {
        using var project = new ModelProject(Apps.EmbeddedItem);
        project.DotNet("build").Expect(0);

        JsonElement artifact = Json(project, "QuantArtifact", "QuantCollect")[0];

        Assert.Equal("reduced", artifact.GetProperty("LogicalName").GetString());
        Assert.Equal(project.Model.Manifest, artifact.GetProperty("Manifest").GetString());
        Assert.Matches("^[0-9a-f]{64}$", artifact.GetProperty("Digest").GetString()!);
        Assert.Equal("true", artifact.GetProperty("Embedded").GetString());
        Assert.True(long.Parse(artifact.GetProperty("Size").GetString()!, System.Globalization.CultureInfo.InvariantCulture) > 1_000_000);
    }

    private static string[] Items(ModelProject project, string type) =>
        [.. Json(project, type, "QuantUpToDateCheck").EnumerateArray().Select(item => item.GetProperty("FullPath").GetString()!)];

    private static JsonElement Json(ModelProject project, string type, string target)
    {
        Outcome outcome = project.DotNet("build", "-t:" + target, "-getItem:" + type).Expect(0);
        return JsonDocument.Parse(outcome.Out).RootElement.GetProperty("Items").GetProperty(type);
    }
}
