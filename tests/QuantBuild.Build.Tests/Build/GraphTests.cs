using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class GraphTests
{
    [Theory]
    [InlineData("-graph", "-isolate")]
    [InlineData("-m:2", "-mt")]
    public void Projects_are_built_in_isolation_and_on_many_threads(string first, string second)
    {
        using var project = new ModelProject();
        project.Write("app/App.csproj", Apps.Project("""<ProjectReference Include="../Reduced.csproj" />"""));
        project.Write("app/Program.cs", "return 0;");
        string app = project.Model["app", "App.csproj"];
        project.DotNet(app, "restore", []).Expect(0);

        Outcome outcome = project.DotNet(app, "build", ["--no-restore", first, second]).Expect(0);

        Assert.Contains("Quantizing reduced", outcome.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("warning MSB", outcome.Out, StringComparison.Ordinal);
        Assert.Equal(ReducedModel.Bytes(project.Artifact), ReducedModel.Bytes(project.Model["app", "bin", "Debug", "net10.0", "artifact", "reduced"]));
    }
}
