using System.Text.RegularExpressions;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Package;

/// <summary>The README is followed word by word: its commands, its manifest and its programs, in an empty folder.</summary>
public sealed partial class ReadmeTests : IDisposable
{
    private static readonly string Readme = File.ReadAllText(Repository.PathOf("README.md")).ReplaceLineEndings("\n");

    private readonly TemporaryFolder _folder = new("quantbuild-readme-");

    [Fact]
    public void Its_commands_make_an_app_whose_programs_compile_and_run()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the README copies files as other systems do");
        string section = Section("### From this repository into your app");
        string[] commands = [.. Blocks(section, "").SelectMany(block => block.Split('\n', StringSplitOptions.RemoveEmptyEntries))];
        string app = _folder["MyApp"], manifest = _folder["MyApp", "tinywan.quant.json"];
        string[] programs = [.. Blocks(Readme, "csharp"), .. Blocks(Package("QuantBuild"), "csharp"),
            .. Blocks(Package("QuantBuild.Imaging"), "csharp")];

        foreach (string command in commands.TakeWhile(command => !command.StartsWith("dotnet add", StringComparison.Ordinal)))
            Shell(command);
        foreach (string package in Repository.Restored("system.io.hashing", "skiasharp*"))
            File.Copy(package, _folder["feed", Path.GetFileName(package)]); // the test has to do without a server
        File.WriteAllText(_folder["MyApp", "nuget.config"], Assert.Single(Blocks(section, "xml"))
            .Replace("<packageSources>", "<packageSources><clear />", StringComparison.Ordinal));
        File.WriteAllText(_folder["Directory.Build.props"], $"<Project>{NativesThatAreNotHere()}</Project>"); // nothing from folders above
        File.WriteAllText(manifest, Assert.Single(Blocks(Readme, "jsonc")));
        string project = _folder["MyApp", "MyApp.csproj"];
        File.WriteAllText(project, File.ReadAllText(project)
            .Replace("</Project>", Blocks(Readme, "xml")[0] + "</Project>", StringComparison.Ordinal));
        foreach (string command in commands.SkipWhile(command => !command.StartsWith("dotnet add", StringComparison.Ordinal)))
            Shell(command);

        Assert.Equal(4, programs.Length);
        Assert.True(File.Exists(Path.Combine(app, SchemaName().Match(File.ReadAllText(manifest)).Groups[1].Value)));
        Shell($"../tools/quantbuild plan ../MyApp/tinywan.quant.json");
        foreach (string program in programs)
        {
            File.WriteAllText(Path.Combine(app, "Program.cs"), program);
            Shell("dotnet build ../MyApp -p:QuantEnabled=false -p:TreatWarningsAsErrors=true");
        }
        File.WriteAllText(Path.Combine(app, "Program.cs"), programs[0]);
        Reduce(manifest);
        Assert.Matches(@"(?m)^tinywan, [0-9a-f]{64}$", Shell("dotnet run --project ../MyApp").Out);
    }

    [Fact]
    public void The_sample_runs_the_lines_of_its_example()
    {
        string[] sample = Lines(File.ReadAllText(Repository.PathOf("tests", "QuantBuild.Sample", "Video.cs"))
            .Split("// README begin")[1].Split("// README end")[0]);

        Assert.Equal(sample, Lines(Blocks(Readme, "csharp")[1])[^sample.Length..]);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Runs a command as if the repository lay beside the test's folder; what it packs was built with the tests.</summary>
    private Outcome Shell(string command)
    {
        Dictionary<string, string?> environment = ModelProject.CleanEnvironment();
        environment["NUGET_PACKAGES"] = _folder["packages"];
        environment["QUANTBUILD_CACHE"] = _folder["store"];
        environment["MSBUILDTERMINALLOGGER"] = "off";
        string here = command.Replace("../", _folder.Path + "/", StringComparison.Ordinal)
            .Replace("-c Release", $"-c {Repository.Configuration} --no-build", StringComparison.Ordinal);
        using var process = new RunningProcess("/bin/sh", ["-c", here], Repository.Root, environment);
        return process.Wait().Expect(0);
    }

    /// <summary>
    /// An empty package folder gets SkiaSharp's natives of this system alone (Directory.Build.targets), and the app has to do with them.
    /// </summary>
    private static string NativesThatAreNotHere() => $"""
        <ItemGroup>{string.Concat(new[] { "SkiaSharp.NativeAssets.macOS", "SkiaSharp.NativeAssets.Win32" }
            .Where(package => Repository.Restored(package.ToLowerInvariant()).Length == 0)
            .Select(package => $"""<PrunePackageReference Include="{package}" Version="999.0.0" />"""))}</ItemGroup>
        """;

    /// <summary>Makes the README's model one of seconds.</summary>
    private static void Reduce(string manifest)
    {
        string text = File.ReadAllText(manifest);
        foreach ((string old, string value) in new[]
        {
            ("\"samples\": 12", "\"samples\": 1"), ("\"steps\": 40", "\"steps\": 10"),
            ("\"overrides\": [",
                """ "overrides": [ { "match": "*", "precision": "bf16" }, { "match": "blocks.0.ffn.*", "precision": "w4a4" }, """),
        })
        {
            Assert.Contains(old, text, StringComparison.Ordinal);
            text = text.Replace(old, value, StringComparison.Ordinal);
        }
        File.WriteAllText(manifest, text);
    }

    private static string Package(string project) =>
        File.ReadAllText(Repository.PathOf("src", project, "package.md")).ReplaceLineEndings("\n");

    private static string Section(string heading)
    {
        int start = Readme.IndexOf(heading + "\n", StringComparison.Ordinal) + heading.Length;
        Assert.True(start >= heading.Length, heading);
        return Readme[start..Readme.IndexOf("\n## ", start, StringComparison.Ordinal)];
    }

    /// <summary>Code blocks in a language; in none, those that are commands.</summary>
    private static string[] Blocks(string text, string language) =>
        [.. Block().Matches(text).Where(match => match.Groups[1].Value == language).Select(match => match.Groups[2].Value)
            .Where(block => !block.StartsWith("quantbuild ", StringComparison.Ordinal))];

    private static string[] Lines(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    [GeneratedRegex(@"(?ms)^```(\w*)\n(.*?)^```$")]
    private static partial Regex Block();

    [GeneratedRegex(@"""\$schema"": ""([^""]+)""")]
    private static partial Regex SchemaName();
}
