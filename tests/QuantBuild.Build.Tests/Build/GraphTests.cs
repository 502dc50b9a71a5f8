using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class GraphTests
{
    [Theory]
    [InlineData("-graph", "-isolate")]
    [InlineData("-m:2", "-mt")]
    [InlineData("-m:2", "-check")]
    public void Projects_are_built_in_isolation_and_on_many_threads_and_pass_the_checks_of_MSBuild(string first, string second)
    {
        using var project = new ModelProject();
        project.Write("app/App.csproj", Apps.Project("""<ProjectReference Include="../Reduced.csproj" />"""));
        project.Write("app/Program.cs", "return 0;");
        string app = project.Model["app", "App.csproj"];
        project.DotNet(app, "restore", []).Expect(0);

        Outcome outcome = project.DotNet(app, "build", ["--no-restore", first, second]).Expect(0);

        Assert.Contains("Quantizing reduced", outcome.Out, StringComparison.Ordinal);
        Assert.DoesNotMatch("warning (MSB|BC)", outcome.Out);
        Assert.Equal(ReducedModel.Bytes(project.Artifact),
            ReducedModel.Bytes(project.Model["app", "bin", "Debug", "net10.0", "artifact", "reduced"]));
    }
}
