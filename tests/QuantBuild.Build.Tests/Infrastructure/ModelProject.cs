namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>
/// A model project around a <see cref="ReducedModel"/>, outside the repository, that gets QuantBuild from packages as a user's does.
/// </summary>
internal sealed class ModelProject : IDisposable
{
    private const string DefaultItem = """<QuantManifest Include="reduced.quant.json" Embed="false" />""";

    /// <summary>Writes the project.</summary>
    /// <param name="item">The manifests; left out, a model beside the app.</param>
    /// <param name="properties">Properties, as XML.</param>
    /// <param name="program">A program that uses the model through the runtime; without one the project has no code.</param>
    public ModelProject(string item = DefaultItem, string properties = "", string? program = null)
    {
        Model = new ReducedModel();
        Write("nuget.config", Packages.NuGetConfig());
        Write("Directory.Build.props", "<Project />"); // nothing from folders above
        Write("Reduced.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <EnableDefaultItems>false</EnableDefaultItems>
                <QuantCacheRoot>store</QuantCacheRoot>
                {(program is null ? "" : "<OutputType>Exe</OutputType>")}
                {properties}
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="QuantBuild" Version="0.1.0" Condition="'{program is not null}' == 'True'" />
                <PackageReference Include="QuantBuild.MSBuild" Version="0.1.0" PrivateAssets="all" />
                {item}
                <Compile Include="*.cs" />
              </ItemGroup>
            </Project>
            """);
        if (program is not null)
            Write("Program.cs", program);
    }

    public ReducedModel Model { get; }

    /// <summary>The artifact in the output folder.</summary>
    public string Artifact => Model["bin", "Debug", "net10.0", "artifact", "reduced"];

    /// <summary>The files of the build step.</summary>
    public string Quant => Model["obj", "Debug", "net10.0", "quant"];

    /// <summary>Writes a file of the project, or of another one beside it.</summary>
    public void Write(string name, string content)
    {
        string path = Model[name.Split('/')];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }

    /// <summary>Changes the project file.</summary>
    public void Edit(string old, string replacement)
    {
        string csproj = File.ReadAllText(Model["Reduced.csproj"]);
        Assert.Contains(old, csproj, StringComparison.Ordinal);
        Write("Reduced.csproj", csproj.Replace(old, replacement, StringComparison.Ordinal));
    }

    /// <summary>Runs a <c>dotnet</c> command on the project.</summary>
    public Outcome DotNet(string command, params string[] arguments) => DotNet(Model["Reduced.csproj"], command, arguments);

    /// <summary>Runs a <c>dotnet</c> command on any project.</summary>
    public Outcome DotNet(string project, string command, string[] arguments, IReadOnlyDictionary<string, string?>? variables = null)
    {
        using RunningProcess process = Start(project, command, arguments, variables);
        return process.Wait();
    }

    /// <summary>Runs a <c>dotnet</c> command on the project with further environment variables.</summary>
    public Outcome DotNet(string command, IReadOnlyDictionary<string, string?> variables, params string[] arguments)
    {
        using RunningProcess process = Start(Model["Reduced.csproj"], command, arguments, variables);
        return process.Wait();
    }

    /// <summary>Runs the program that was built.</summary>
    public Outcome RunApp(params string[] arguments) =>
        Run("dotnet", ["exec", Model["bin", "Debug", "net10.0", "Reduced.dll"], .. arguments]);

    /// <summary>Runs any program in the project's folder.</summary>
    public Outcome Run(string file, params string[] arguments)
    {
        using var process = new RunningProcess(file, arguments, Model.Folder, CleanEnvironment());
        return process.Wait();
    }

    /// <summary>Starts a build of the project.</summary>
    public RunningProcess StartBuild(params string[] arguments) => Start(Model["Reduced.csproj"], "build", arguments);

    public void Dispose() => Model.Dispose();

    /// <summary>The tests run under `dotnet test`, whose build settings must not reach the builds under test.</summary>
    public static Dictionary<string, string?> CleanEnvironment()
    {
        Dictionary<string, string?> environment = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || name is "CI")
            .ToDictionary(name => name, _ => (string?)null);
        environment["MSBUILDDISABLENODEREUSE"] = "1";
        return environment;
    }

    private RunningProcess Start(string project, string command, string[] arguments, IReadOnlyDictionary<string, string?>? variables = null)
    {
        Dictionary<string, string?> environment = CleanEnvironment();
        environment["NUGET_PACKAGES"] = Packages.Restored;
        environment["HF_TOKEN"] = "hf_secretOfTheTests";
        foreach ((string name, string? value) in variables ?? new Dictionary<string, string?>())
            environment[name] = value;
        return new("dotnet", [command, project, "-nodeReuse:false", "-terminalLogger:off", .. arguments], Model.Folder, environment);
    }
}
