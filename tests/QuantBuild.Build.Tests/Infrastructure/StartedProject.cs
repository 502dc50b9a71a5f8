namespace QuantBuild.Build.Tests.Infrastructure;

/// <summary>
/// A folder with a model project that was just made, around the tiny checkpoint, and what a user does to it before the first build.
/// </summary>
internal sealed class StartedProject : IDisposable
{
    private readonly TemporaryFolder _folder = new("quantbuild start ");

    public StartedProject()
    {
        File.WriteAllText(_folder["nuget.config"], Packages.NuGetConfig());
        File.WriteAllText(_folder["Directory.Build.props"], "<Project />"); // nothing from folders above
    }

    public static string Checkpoint => Repository.PathOf("models", "TinyWan", "checkpoint").Replace('\\', '/');

    public string Folder => _folder.Path;

    public string this[params string[] parts] => _folder[parts];

    /// <summary>Gives the project a picture and a prompt, and settings that take seconds.</summary>
    public void FillIn()
    {
        Directory.CreateDirectory(this["tiny", "pictures"]);
        File.Copy(Repository.PathOf("models", "TinyWan", "calibration", "images", "000.png"), this["tiny", "pictures", "000.png"]);
        File.WriteAllText(this["tiny", "calibration.jsonl"],
            """{"id": 0, "prompt": "a medium yellow star moves up over a black plain background", "image": "pictures/000.png", "seed": 1, "frames": 5, "width": 96, "height": 64}""");
        string manifest = this["tiny", "tiny.quant.json"], text = File.ReadAllText(manifest);
        foreach ((string old, string value) in new[]
        {
            ("\"samples\": 12", "\"samples\": 1"), ("\"steps\": 40", "\"steps\": 10"),
            ("\"overrides\": [", """
            "overrides": [
                { "match": "*", "precision": "bf16" }, { "match": "blocks.0.ffn.*", "precision": "w4a4" },
            """),
        })
        {
            Assert.Contains(old, text, StringComparison.Ordinal);
            text = text.Replace(old, value, StringComparison.Ordinal);
        }
        File.WriteAllText(manifest, text);
    }

    /// <summary>Runs <c>dotnet</c> in the folder, with packages, templates and a store of its own.</summary>
    public Outcome DotNet(params string[] arguments)
    {
        Dictionary<string, string?> environment = ModelProject.CleanEnvironment();
        environment["NUGET_PACKAGES"] = Packages.Restored;
        environment["QUANTBUILD_CACHE"] = this["store"];
        environment["MSBUILDTERMINALLOGGER"] = "off";
        using var process = new RunningProcess("dotnet", arguments, Folder, environment);
        return process.Wait();
    }

    public void Dispose() => _folder.Dispose();
}
