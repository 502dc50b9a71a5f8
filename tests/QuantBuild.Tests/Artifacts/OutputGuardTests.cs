using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Tests.Store;

namespace QuantBuild.Tests.Artifacts;

/// <summary>An artifact goes into an empty folder, or over an earlier artifact's own files, or where it is forced to.</summary>
public sealed class OutputGuardTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly ContentStore _store;

    public OutputGuardTests() => _store = _folder.Open();

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    private string Out => _folder.PathTo("out");

    private async Task<ArtifactWriteResult> Write(bool force, params (string Path, string Content)[] parts)
    {
        List<PackedFile> files =
            [.. parts.Select(part =>
                new PackedFile(part.Path,
                    new BlobRef(_store.Put(Encoding.UTF8.GetBytes(part.Content)), Encoding.UTF8.GetByteCount(part.Content))))];
        var experts =
            new JsonObject(files.GroupBy(file => file.Path.Split('/')[0])
                .Select(expert => KeyValuePair.Create(expert.Key, (JsonNode?)new JsonObject
        {
            ["directory"] = expert.Key,
            ["files"] = new JsonArray(
                [.. expert.Select(file =>
                    new JsonObject { ["name"] = file.Path.Split('/')[1], ["sha256"] = file.Content.Digest.ToString(),
                        ["size"] = file.Content.Size })]),
        })));
        return await ArtifactFolder.WriteAsync(_store, Out, files,
            CanonicalJson.SerializeIndented(new JsonObject { ["experts"] = experts }), ct: TestContext.Current.CancellationToken,
                force: force);
    }

    private async Task<string> RefusalOf(params (string Path, string Content)[] parts)
    {
        DiagnosticException refusal = await Assert.ThrowsAsync<DiagnosticException>(() => Write(force: false, parts));
        Assert.Equal("QB5070", refusal.Diagnostics.Single().Descriptor.Code);
        return refusal.Diagnostics[0].Message;
    }

    private string Mine(string path) => _folder.WriteFile(Path.Combine("out", path), "mine"u8.ToArray());

    [Theory]
    [InlineData("high/model.safetensors")]
    [InlineData("high/notes.txt")]
    [InlineData("notes.txt")]
    [InlineData("src/deep/Program.cs")]
    [InlineData("SHA256SUMS")]
    [InlineData("quality.json")]
    [InlineData("artifact.json")]
    public async Task A_folder_with_files_and_no_artifact_is_refused_with_their_names(string path)
    {
        string file = Mine(path);

        string message = await RefusalOf(("high/model.safetensors", "a"));

        Assert.Contains(path.Split('/')[0], message, StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.False(File.Exists(Path.Combine(Out, "low", "model.safetensors")));
        Assert.Throws<DiagnosticException>(() => OutputGuard.RequireFolder(_store, Out));
    }

    [Theory]
    [InlineData(".gitignore")]
    [InlineData("model.report.html")]
    [InlineData("high/.model.safetensors.0123.quantbuild-tmp")]
    public async Task What_builds_and_version_control_leave_is_no_obstacle(string path)
    {
        Mine(path);

        OutputGuard.RequireFolder(_store, Out);
        Assert.True((await Write(force: false, ("high/model.safetensors", "a"))).Changed);
    }

    [Fact]
    public async Task What_outlived_a_deleted_descriptor_is_no_obstacle()
    {
        await Write(force: false, ("high/model.safetensors", "a"));
        File.Delete(Path.Combine(Out, "artifact.json"));
        _folder.WriteFile("out/quality.json", ArtifactQuality.ToJson([]));
        _folder.WriteFile("out/provenance.intoto.json", "{\"predicateType\":\"x\"}"u8.ToArray());
        _folder.WriteFile("out/provenance.run.json", "{\"invocationId\":\"x\"}"u8.ToArray());
        _folder.WriteFile("out/SHA256SUMS", Encoding.UTF8.GetBytes($"{new string('0', 64)}  artifact.json\n"));

        OutputGuard.RequireFolder(_store, Out);
        await Write(force: false, ("high/model.safetensors", "b"));
    }

    [Theory]
    [InlineData("low/model.safetensors")]
    [InlineData("low/config.json")]
    [InlineData("high/model-00001-of-00009.safetensors")]
    [InlineData("high/model.safetensors.index.json")]
    public async Task In_an_artifact_s_folder_only_the_artifact_s_own_files_are_replaced(string path)
    {
        await Write(force: false, ("high/model.safetensors", "a"));
        string file = Mine(path);
        (string, string)[] next = [("high/model.safetensors", "b"), ("low/model.safetensors", "c"), ("low/config.json", "d")];

        Assert.Contains($"'{path}'", await RefusalOf(next), StringComparison.Ordinal);
        Assert.Equal("mine", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.Empty(ArtifactFolder.Check(Out, ct: TestContext.Current.CancellationToken));

        await Write(force: true, next);
        Assert.Empty(ArtifactFolder.Check(Out, ct: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Many_files_in_the_way_are_counted()
    {
        for (int i = 0; i < 9; i++)
            Mine($"file {i}");

        Assert.EndsWith("'file 3', 'file 4' and 4 more", await RefusalOf(("high/model.safetensors", "a")));
    }

    [Fact]
    public async Task Force_overwrites_what_has_the_artifact_s_names_and_leaves_the_rest()
    {
        Mine("high/model.safetensors");
        string other = Mine("src/Program.cs");

        await Write(force: true, ("high/model.safetensors", "a"));

        Assert.Equal("a",
            await File.ReadAllTextAsync(Path.Combine(Out, "high", "model.safetensors"), TestContext.Current.CancellationToken));
        Assert.Equal("mine", await File.ReadAllTextAsync(other, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_expert_s_folder_that_is_a_link_is_not_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a right there");
        Directory.CreateDirectory(Out);
        string elsewhere = Directory.CreateDirectory(_folder.PathTo("elsewhere")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(Out, "high"), elsewhere);

        Assert.Contains("'high/'", await RefusalOf(("high/model.safetensors", "a")), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(elsewhere));
    }

    [Theory]
    [InlineData("src/Program.cs")]
    [InlineData("high/run.sh")]
    [InlineData("high/a/model.safetensors")]
    [InlineData("high/model.safetensors\n")]
    [InlineData("high/\u202emodel.safetensors")]
    [InlineData(".git/config.json")]
    [InlineData("high/.model.safetensors")]
    [InlineData("high/pytorch_model.bin")]
    public void Names_that_no_artifact_has_are_not_listed(string path)
    {
        string[] parts = path.Split('/', 2);
        byte[] descriptor = CanonicalJson.Serialize(new JsonObject
        {
            ["experts"] = new JsonObject
            {
                ["high"] = new JsonObject
                {
                    ["directory"] = parts[0],
                    ["files"] = new JsonArray(new JsonObject { ["name"] = parts[1], ["sha256"] = new string('0', 64), ["size"] = 1 }),
                },
            },
        });

        Assert.Null(ArtifactListing.Read(descriptor));
        Assert.Equal(path, ArtifactListing.StrangerIn(descriptor));
    }
}
