using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using QuantBuild.Tests;

namespace QuantBuild.Compiler.Torch.Tests.Building;

/// <summary>
/// A small model project that is built by the tool, in a process of its own: the tiny checkpoint, two samples, four steps.
/// </summary>
internal sealed class TorchProject : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("quantbuild-torch-").FullName;

    /// <summary>The section <c>compute</c>.</summary>
    public string Compute { get; init; } = TinyManifest.Torch;

    /// <summary>The section <c>quantize</c>.</summary>
    public string Quantize { get; init; } = TinyManifest.Gptq;

    /// <summary>Folder of the checkpoint; null for the repository's.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>The folder of libtorch that the build is told.</summary>
    public string LibTorch { get; init; } = Natives.Folder;

    /// <summary>More variables.</summary>
    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    /// <summary>The store; several projects can share one.</summary>
    public string Store { get => field ?? Path.Combine(_root, "store"); init; }

    /// <summary>Finished actions in the store.</summary>
    public int Actions => Directory.Exists(Path.Combine(Store, "actions"))
        ? Directory.EnumerateFiles(Path.Combine(Store, "actions"), "*", SearchOption.AllDirectories).Count()
        : 0;

    /// <summary>The artifact.</summary>
    public string Output => Path.Combine(_root, "out");

    /// <summary>Where commands run.</summary>
    public string Folder => _root;

    /// <summary>The manifest, written.</summary>
    public string Manifest => WriteManifest();

    public void Dispose() => Directory.Delete(_root, recursive: true);

    /// <summary>Builds to the end.</summary>
    public async Task<(int Status, string Said)> BuildAsync(params string[] options)
    {
        using Process process = Start(options);
        return await Programs.EndAsync(process);
    }

    /// <summary>Begins a build.</summary>
    public Process Start(params string[] options) => Launch("build", [WriteManifest(), "--out", Output, "--store", Store, .. options]);

    /// <summary>Runs any command to its end.</summary>
    public async Task<(int Status, string Said)> RunAsync(string command, string[] arguments)
    {
        using Process process = Launch(command, arguments);
        return await Programs.EndAsync(process);
    }

    /// <summary>Plans a build; the answer is JSON.</summary>
    public async Task<(int Status, JsonElement Plan)> PlanAsync(params string[] options)
    {
        using Process process = Launch("plan", [WriteManifest(), "--store", Store, "--json", .. options]);
        (int status, string said) = await Programs.EndAsync(process);
        // Warnings come after it.
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(said));
        return (status, JsonElement.ParseValue(ref reader));
    }

    /// <summary>Asks what this machine has.</summary>
    public async Task<string> DoctorAsync(params string[] options)
    {
        using Process process = Launch("doctor", ["--store", Store, .. options]);
        return (await Programs.EndAsync(process)).Said;
    }

    private string WriteManifest()
    {
        string manifest = Path.Combine(_root, "tiny.quant.json");
        File.WriteAllText(manifest, TinyManifest.Text(Compute, Quantize, Checkpoint));
        return manifest;
    }

    private Process Launch(string command, string[] arguments)
    {
        string binaries = Path.Combine("bin", Natives.Metadata("Configuration"), "net10.0");
        var start = new ProcessStartInfo("dotnet",
            [Path.Combine(TestData.Root, "src", "QuantBuild.Tool", binaries, "QuantBuild.Tool.dll"), command, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _root,
        };
        start.Environment["QUANTBUILD_EXTENSIONS"] = Path.Combine(TestData.Root, "src", "QuantBuild.Compiler.Torch", binaries);
        start.Environment[Natives.Variable] = LibTorch;
        foreach ((string name, string value) in Variables)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Digests of the artifact's tensors, by expert.</summary>
    public IReadOnlyDictionary<string, string> Tensors() => Directory.EnumerateFiles(Output, "*.safetensors", SearchOption.AllDirectories)
        .ToDictionary(path => Path.GetRelativePath(Output, path), path =>
            Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));

    /// <summary>The arithmetic of a group of stages, as the artifact states it.</summary>
    public string Profile(string group)
    {
        using JsonDocument artifact = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Output, "artifact.json")));
        return artifact.RootElement.GetProperty("profiles").GetProperty(group).GetString()!;
    }

    /// <summary>The arithmetics in the keys of a stage's stored actions.</summary>
    public IReadOnlyCollection<string> ProfilesOf(string stage) =>
        [.. Directory.EnumerateFiles(Path.Combine(Store, "actions"), "*.json", SearchOption.AllDirectories).Select(path =>
        {
            using JsonDocument action = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement description = action.RootElement.GetProperty("description");
            return (Stage: description.GetProperty("stage").GetString(), Profile: description.GetProperty("profile").GetString()!);
        }).Where(action => action.Stage == stage).Select(action => action.Profile).Distinct()];

    /// <summary>The error of every layer, as the artifact states it.</summary>
    public IReadOnlyDictionary<string, double> Errors()
    {
        using JsonDocument quality = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Output, "quality.json")));
        return quality.RootElement.GetProperty("experts").EnumerateObject().SelectMany(expert => expert.Value.EnumerateObject()
                .Select(layer => (Name: $"{expert.Name} {layer.Name}", Error: layer.Value.GetProperty("recipe").GetDouble())))
            .ToDictionary(layer => layer.Name, layer => layer.Error);
    }
}
