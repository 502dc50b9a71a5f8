using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class DiagnosticsTests
{
    [Fact]
    public void An_error_of_the_manifest_is_an_error_of_the_build_with_its_place_and_code()
    {
        using var project = new ModelProject();
        project.Model.Write(ReducedModel.Text().Replace("\"tokensPerStep\"", "\"tokenPerStep\"", StringComparison.Ordinal));

        Outcome outcome = project.DotNet("build").Expect(1);

        Assert.Matches(@"(?m)^.*reduced\.quant\.json\(9,\d+\): error QB1\d\d\d: .*\[.*Reduced\.csproj\]", outcome.Out);
        Assert.DoesNotContain("MSB6006", outcome.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(project.Artifact));
    }

    [Fact]
    public void A_failed_build_is_tried_again()
    {
        using var project = new ModelProject();
        project.Model.Write("{");
        project.DotNet("build").Expect(1);
        project.DotNet("build").Expect(1);

        project.Model.Write(ReducedModel.Text());

        project.DotNet("build").Expect(0);
    }

    [Fact]
    public void A_missing_worker_is_a_diagnostic()
    {
        using var project = new ModelProject();

        Outcome outcome = project.DotNet("build", "-p:QuantToolPath=nowhere.dll").Expect(1);

        Assert.Contains("error QB0001", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_lock_file_is_an_error_of_a_continuous_integration_build()
    {
        using var project = new ModelProject();
        project.DotNet("build").Expect(0);
        project.DotNet("build", "-p:ContinuousIntegrationBuild=true").Expect(0);

        project.Model.Write(ReducedModel.Text(rank: 8));
        Outcome outcome = project.DotNet("build", "-p:ContinuousIntegrationBuild=true").Expect(1);

        Assert.Contains("error QB4020", outcome.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Warnings_are_told_once_and_can_be_silenced_or_made_errors_by_their_code()
    {
        using var project = new ModelProject();

        Outcome told = project.DotNet("build").Expect(0);
        File.SetLastWriteTimeUtc(project.Model.Manifest, DateTime.UtcNow);
        Outcome silenced = project.DotNet("build", "-p:NoWarn=QB1041").Expect(0);
        File.SetLastWriteTimeUtc(project.Model.Manifest, DateTime.UtcNow);
        Outcome refused = project.DotNet("build", "-p:WarningsAsErrors=QB1041").Expect(1);

        string[] warnings = [.. told.Lines.Where(line => line.Contains("warning QB1041", StringComparison.Ordinal))];
        Assert.NotEmpty(warnings);
        Assert.Equal(2 * warnings.Distinct().Count(), warnings.Length); // as they come, and in the summary
        Assert.DoesNotContain("QB1041", silenced.Out, StringComparison.Ordinal);
        Assert.Matches(@"reduced\.quant\.json\(\d+,\d+\): error QB1041: ", refused.Out);
    }
}
