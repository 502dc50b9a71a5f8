using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Provenance;
using QuantBuild.Compiler.Store;
using QuantBuild.Tests.Artifacts;
using QuantBuild.Tests.SafeTensors;
using QuantBuild.Tool;
using QuantBuild.Tool.Running;

namespace QuantBuild.Tests.Commands;

/// <summary>Every command that prints names of strangers, on files whose names and values attack terminals, logs and CI systems.</summary>
public sealed class ForeignNamesTests : IDisposable
{
    /// <summary>
    /// Escapes of terminals, forged lines, forged commands of two CI systems, a changed direction of writing, and letters that nobody sees.
    /// </summary>
    private const string Attack =
        "x\u001b[2J\u001b]0;t\u0007\n::error::forged\r\n##vso[task.setvariable variable=PATH]y\u202e\u2066\u200b\u0085::z";

    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-names-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string PathTo(params string[] parts) => Path.Combine([_folder, .. parts]);

    /// <summary>Runs a command as the process does, without a terminal.</summary>
    private (int Code, string Text) Run(params string[] arguments)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        using var error = new StringWriter(CultureInfo.InvariantCulture);
        int code = CommandLine.Run(arguments, ToolConsole.To(output, error), TestContext.Current.CancellationToken);
        return (code, output.ToString() + error);
    }

    private string RunHarmlessly(params string[] arguments)
    {
        string text = Run(arguments).Text;
        Assert.Contains("forged", text, StringComparison.Ordinal);
        AssertHarmless(text);
        return text;
    }

    private static void AssertHarmless(string text)
    {
        foreach (string line in text.Split('\n').Select(line => line.TrimEnd('\r')))
        {
            Assert.DoesNotContain(line, c => c != '\t' && char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator);
            Assert.False(line.TrimStart().StartsWith("::", StringComparison.Ordinal), line);
            Assert.DoesNotContain("##vso[", line, StringComparison.Ordinal);
        }
    }

    private string Tensors(string file)
    {
        string name = JsonSerializer.Serialize(Attack);
        File.WriteAllBytes(PathTo(file),
            RawFile.Of($$$"""{"__metadata__":{{{{name}}}:{{{name}}}},{{{name}}}:{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1));
        return PathTo(file);
    }

    private string Artifact()
    {
        string folder = PathTo("artifact");
        var artifact = new TestArtifact();
        artifact.Descriptor = artifact.Descriptor with { Name = Attack, Architecture = Attack, Layout = Attack, Tool = Attack,
            Profile = Attack };
        artifact.Write(Directory.CreateDirectory(folder).FullName);
        ArtifactExpert high = artifact.Descriptor.Experts["high_noise"];
        artifact.Descriptor = artifact.Descriptor with
        {
            Experts = artifact.Descriptor.Experts.SetItem("high_noise", high with
            {
                Bins = [.. high.Bins.Select((bin, i) => bin with { Name = Attack + i })],
                Layers = high.Layers.ToImmutableSortedDictionary(layer => layer.Key + Attack, layer => layer.Value, StringComparer.Ordinal),
            }),
        };
        artifact.WriteDescriptor(folder);
        return folder;
    }

    [Fact]
    public void Inspecting_tensors() => RunHarmlessly("inspect", Tensors("a.safetensors"));

    [Fact]
    public void Inspecting_tensors_as_json()
    {
        string text = RunHarmlessly("inspect", "--json", Tensors("a.safetensors"));

        Assert.Equal(Attack, JsonDocument.Parse(text).RootElement.GetProperty("files")[0].GetProperty("tensors")[0].GetProperty("name")
            .GetString());
    }

    [Fact]
    public void Inspecting_metadata_of_several_keys_as_json()
    {
        File.WriteAllBytes(PathTo("a.safetensors"),
            RawFile.Of("""{"__metadata__":{"b":"2","a":"1","C":"3"},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1));

        (int code, string text) = Run("inspect", "--json", PathTo("a.safetensors"));

        Assert.Equal(0, code);
        JsonElement metadata = JsonDocument.Parse(text).RootElement.GetProperty("files")[0].GetProperty("metadata");
        Assert.Equal(["C", "a", "b"], metadata.EnumerateObject().Select(entry => entry.Name));
    }

    [Fact]
    public void Inspecting_a_file_with_such_a_name()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "such names cannot be");
        RunHarmlessly("inspect", Tensors("a\u001b[2J\n::error::forged\u202e.safetensors"));
        RunHarmlessly("inspect", PathTo());
    }

    [Fact]
    public void Inspecting_what_breaks_the_format()
    {
        string name = JsonSerializer.Serialize(Attack);
        File.WriteAllBytes(PathTo("a.safetensors"), RawFile.Of($$$"""{{{{name}}}:{"dtype":"U8","shape":[1],"data_offsets":[0,2]}}""", 1));
        RunHarmlessly("inspect", PathTo("a.safetensors"));
        RunHarmlessly("inspect", "--verbose", PathTo("a.safetensors"));
    }

    [Fact]
    public void Inspecting_an_artifact()
    {
        RunHarmlessly("inspect", Artifact());
        RunHarmlessly("inspect", "--json", PathTo("artifact"));
    }

    [Fact]
    public void Verifying_an_artifact_with_strange_files_beside_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "such names cannot be");
        string folder = Artifact();
        byte[] statement = ProvenanceStatement.Create(File.ReadAllBytes(Path.Combine(folder, "artifact.json")),
            new LockFile(Attack, new ProfileNames(Attack, Attack), Digest.Parse(new string('0', 64)), [],
                [.. ArtifactDescriptor.Parse(File.ReadAllBytes(Path.Combine(folder, "artifact.json"))).Experts
                .Select(expert => new LockedExpert(expert.Key, Digest.Of("c"u8), [], [.. expert.Value.Files
                    .Select(file =>
                        new PackedFile($"{expert.Value.Directory}/{file.Name}", new BlobRef(Digest.Parse(file.Digest), file.Size)))]))]),
                        Digest.Of("m"u8));
        File.WriteAllBytes(Path.Combine(folder, ProvenanceStatement.FileName), statement);

        string claimed = RunHarmlessly("verify", folder, "--provenance");
        Assert.Contains("claimed", claimed, StringComparison.Ordinal);
        Assert.DoesNotContain("\nbuilt", claimed, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "a\n::error::forged\u001b.py"), "");
        Assert.Contains("QB5072", RunHarmlessly("verify", folder, "--provenance"), StringComparison.Ordinal);
    }

    [Fact]
    public void Comparing_artifacts()
    {
        string folder = Artifact();
        Directory.CreateDirectory(PathTo("other"));
        new TestArtifact().Write(PathTo("other"));

        RunHarmlessly("diff", folder, PathTo("other"), "--all", "--store", PathTo("store"));
        RunHarmlessly("diff", folder, PathTo("other"), "--markdown", "--store", PathTo("store"));
        RunHarmlessly("diff", folder, PathTo("other"), "--json", "--store", PathTo("store"));
    }

    [Theory]
    [InlineData("plan")]
    [InlineData("build")]
    [InlineData("gates")]
    [InlineData("suggest")]
    [InlineData("why")]
    [InlineData("report")]
    public void Reading_a_manifest(string command)
    {
        string manifest = PathTo("m.quant.json"), name = JsonSerializer.Serialize(Attack);
        File.WriteAllText(manifest,
            $$"""{ "model": { "architecture": {{name}}, "source": {{name}} }, {{name}}: 1, "overrides": [ { "match": {{name}}, "precision": {{name}} } ] }""", new UTF8Encoding(false));
        string[] rest = command switch
        {
            "build" => ["--out", PathTo("out")],
            "suggest" => ["--size", "1MiB"],
            "why" => ["blocks.0.ffn.0"],
            _ => [],
        };

        RunHarmlessly([command, manifest, .. rest, "--store", PathTo("store")]);
    }

    [Fact]
    public void A_command_line_with_such_words()
    {
        RunHarmlessly("inspect", PathTo(Attack.Replace("\0", "", StringComparison.Ordinal)));
        RunHarmlessly("cache", "prune", "--max-size", Attack);
    }
}
