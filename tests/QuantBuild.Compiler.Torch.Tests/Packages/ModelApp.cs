using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using QuantBuild.Compiler.Torch.Tests.Building;
using QuantBuild.Tests;

namespace QuantBuild.Compiler.Torch.Tests.Packages;

/// <summary>An app outside the repository, as a new user makes it: it builds a model by torch, and runs it by torch.</summary>
internal sealed class ModelApp : IDisposable
{
    /// <summary>What a model project references to build by torch.</summary>
    public const string Backend = """
        <PackageReference Include="QuantBuild.Compiler.Torch" Version="0.1.0" PrivateAssets="all" />
        """;

    /// <summary>libtorch for builds alone: nothing of it gets into the app's folder.</summary>
    public const string LibTorch = """
        <PackageReference Include="libtorch-cpu-linux-x64" Version="2.10.0" PrivateAssets="all" ExcludeAssets="runtime;native" />
        """;

    private readonly PackedFeed _feed;
    private readonly string _root = Directory.CreateTempSubdirectory("quantbuild-app-").FullName;

    /// <summary>Writes the project.</summary>
    /// <param name="feed">The packages.</param>
    /// <param name="references">What it references to build its model, beside the build step.</param>
    /// <param name="compute">The manifest's section <c>compute</c>.</param>
    /// <param name="quantize">Its section <c>quantize</c>.</param>
    public ModelApp(PackedFeed feed, string references, string compute = TinyManifest.Torch, string quantize = TinyManifest.Gptq)
    {
        _feed = feed;
        Write("nuget.config", feed.NuGetConfig);
        Write("Directory.Build.props", "<Project />");
        Write("tiny.quant.json", TinyManifest.Text(compute, quantize));
        Write("App.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <QuantCacheRoot>store</QuantCacheRoot>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="QuantBuild.Torch" Version="0.1.0" />
                <PackageReference Include="QuantBuild" Version="0.1.0" />
                <PackageReference Include="QuantBuild.MSBuild" Version="0.1.0" PrivateAssets="all" />
                {references}
                <QuantManifest Include="tiny.quant.json" ClassName="Tiny" />
              </ItemGroup>
            </Project>
            """);
        Write("Program.cs", $"""
            using App;
            using QuantBuild;
            using QuantBuild.Pipelines;
            using QuantBuild.Torch;

            using ModelArtifact model = QuantizedModels.Tiny.Open();
            using TorchRuntime torch = TorchRuntime.Open(new TorchOptions {"{ Device = \"cpu\", Threads = 2 }"});
            using WanImageToVideoPipeline pipeline = model.UseTorch(torch, {JsonSerializer.Serialize(TestData.TinyWan("checkpoint"))});
            Console.WriteLine($"{"{model.Descriptor.Name} on {torch.Profile}"}");
            """);
    }

    /// <summary>Where the app is built.</summary>
    public string Output => Path.Combine(_root, "bin", "Debug", "net10.0");

    /// <summary>Where the build step works.</summary>
    public string Quant => Path.Combine(_root, "obj", "Debug", "net10.0", "quant");

    /// <summary>Finished actions in the store.</summary>
    public int Actions => Directory.Exists(Path.Combine(_root, "store", "actions"))
        ? Directory.EnumerateFiles(Path.Combine(_root, "store", "actions"), "*", SearchOption.AllDirectories).Count()
        : 0;

    /// <summary>The process of the worker that builds this app's model.</summary>
    public int Worker => Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
        .Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out _))
        .Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
        .Single(id => CommandLine(id) is var line && line.Contains("QuantBuild.Tool.dll", StringComparison.Ordinal)
            && line.Contains(_root, StringComparison.Ordinal));

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>Builds the app as its author does.</summary>
    /// <param name="options">Options of <c>dotnet build</c>.</param>
    public async Task<(int Status, string Said)> BuildAsync(params string[] options)
    {
        using Process process = StartBuild(options);
        return await Programs.EndAsync(process);
    }

    /// <summary>Begins to build it.</summary>
    public Process StartBuild(params string[] options) =>
        Process.Start(Programs.Start(_root, [new("NUGET_PACKAGES", _feed.Restored)], "dotnet", ["build", "-tl:off", .. options]))!;

    /// <summary>Runs it.</summary>
    /// <param name="libTorch">The folder with libtorch.</param>
    public async Task<(int Status, string Said)> RunAsync(string libTorch)
    {
        using Process process = Process.Start(Programs.Start(_root, [new(Natives.Variable, libTorch)], "dotnet",
            Path.Combine(Output, "App.dll")))!;
        return await Programs.EndAsync(process);
    }

    /// <summary>Runs the tool that the build step brings, in the project's folder and without a word about packages.</summary>
    public async Task<(int Status, string Said)> RunToolAsync(params string[] arguments)
    {
        using Process process = Process.Start(Programs.Start(_root, [], "dotnet",
            [Path.Combine(_feed.Restored, "quantbuild.msbuild", "0.1.0", "tools", "net10.0", "QuantBuild.Tool.dll"), .. arguments]))!;
        return await Programs.EndAsync(process);
    }

    private static string CommandLine(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (IOException)
        {
            return ""; // It has just ended.
        }
    }

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(_root, name), content);
}
