namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>A model project around a <see cref="ReducedModel"/>, built with <c>dotnet build</c> the way a user builds one.</summary>
internal sealed class ModelProject : IDisposable
{
    public ModelProject()
    {
        Model = new ReducedModel();
        File.WriteAllText(Model["Reduced.csproj"], $"""
            <Project>
              <Import Project="{Repository.PathOf("targets", "QuantBuild.MSBuild.props")}" />
              <Import Project="Sdk.props" Sdk="Microsoft.NET.Sdk" />
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <EnableDefaultItems>false</EnableDefaultItems>
                <QuantToolPath>{Repository.Tool}</QuantToolPath>
                <QuantTasksAssembly>{Repository.Tasks}</QuantTasksAssembly>
                <QuantCacheRoot>store</QuantCacheRoot>
              </PropertyGroup>
              <ItemGroup>
                <QuantManifest Include="reduced.quant.json" />
              </ItemGroup>
              <Import Project="Sdk.targets" Sdk="Microsoft.NET.Sdk" />
              <Import Project="{Repository.PathOf("targets", "QuantBuild.MSBuild.targets")}" />
            </Project>
            """);
    }

    public ReducedModel Model { get; }

    /// <summary>The artifact in the output folder.</summary>
    public string Artifact => Model["bin", "Debug", "net10.0", "artifact", "reduced"];

    /// <summary>Runs a <c>dotnet</c> command on the project.</summary>
    public Outcome DotNet(string command, params string[] arguments) => DotNet(Model["Reduced.csproj"], command, arguments);

    /// <summary>Runs a <c>dotnet</c> command on any project.</summary>
    public Outcome DotNet(string project, string command, string[] arguments)
    {
        using RunningProcess process = Start(project, command, arguments);
        return process.Wait();
    }

    /// <summary>Starts a build of the project.</summary>
    public RunningProcess StartBuild() => Start(Model["Reduced.csproj"], "build", []);

    private RunningProcess Start(string project, string command, string[] arguments) =>
        new("dotnet", [command, project, "-nodeReuse:false", "-terminalLogger:off", .. arguments], Model.Folder, CleanEnvironment());

    public void Dispose() => Model.Dispose();

    /// <summary>The tests run under `dotnet test`, whose build settings must not reach the builds under test.</summary>
    private static Dictionary<string, string?> CleanEnvironment() => Environment.GetEnvironmentVariables().Keys.Cast<string>()
        .Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || name is "CI")
        .ToDictionary(name => name, _ => (string?)null);
}
