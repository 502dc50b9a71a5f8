using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Tests.Store;

namespace QuantBuild.Tests.Artifacts;

public sealed class ArtifactFolderTests : IDisposable
{
    private readonly StoreFolder _folder = new();
    private readonly ContentStore _store;

    public ArtifactFolderTests() => _store = _folder.Open();

    private string Out => _folder.PathTo("out put");

    public void Dispose()
    {
        _store.Dispose();
        _folder.Dispose();
    }

    /// <summary>An artifact whose files have the given paths and contents.</summary>
    private (List<PackedFile> Files, byte[] Descriptor) Artifact(params (string Path, string Content)[] parts)
    {
        List<PackedFile> files = [.. parts.Select(part => new PackedFile(part.Path,
            new BlobRef(_store.Put(Encoding.UTF8.GetBytes(part.Content)), Encoding.UTF8.GetByteCount(part.Content))))];
        var experts = new JsonObject();
        foreach (IGrouping<string, PackedFile> expert in files.GroupBy(file => file.Path.Split('/')[0]))
        {
            experts.Add(expert.Key, new JsonObject
            {
                ["directory"] = expert.Key,
                ["files"] = new JsonArray([.. expert.Select(file => (JsonNode)new JsonObject
                {
                    ["name"] = file.Path.Split('/')[1],
                    ["sha256"] = file.Content.Digest.ToString(),
                    ["size"] = file.Content.Size,
                })]),
            });
        }
        return (files, CanonicalJson.SerializeIndented(new JsonObject { ["experts"] = experts }));
    }

    private Task<ArtifactWriteResult> Write((List<PackedFile> Files, byte[] Descriptor) artifact) =>
        ArtifactFolder.WriteAsync(_store, Out, artifact.Files, artifact.Descriptor, ct: TestContext.Current.CancellationToken);

    private string[] Listing() => [.. Directory.EnumerateFiles(Out, "*", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Out, path).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    private void AssertHolds((List<PackedFile> Files, byte[] Descriptor) artifact, params string[] others)
    {
        Assert.Empty(ArtifactFolder.Check(Out, ct: TestContext.Current.CancellationToken));
        Assert.Equal(artifact.Descriptor, AtomicFile.TryRead(Path.Combine(Out, "artifact.json")));
        Assert.Equal(artifact.Files.Select(file => file.Path).Append("artifact.json").Concat(others).Order(StringComparer.Ordinal),
            Listing());
    }

    [Fact]
    public async Task A_written_artifact_is_complete_and_writing_it_again_changes_nothing()
    {
        var artifact = Artifact(("high/model.safetensors", "a"), ("low/model.safetensors", "b"), ("low/config.json", "c"));

        ArtifactWriteResult first = await Write(artifact);
        DateTime time = File.GetLastWriteTimeUtc(Path.Combine(Out, "artifact.json"));
        ArtifactWriteResult second = await Write(artifact);

        AssertHolds(artifact);
        Assert.Equal(["high/model.safetensors", "low/model.safetensors", "low/config.json", "artifact.json"], first.Written);
        Assert.False(second.Changed);
        Assert.Equal(time, File.GetLastWriteTimeUtc(Path.Combine(Out, "artifact.json")));
    }

    [Fact]
    public async Task Files_of_an_earlier_build_go_and_foreign_files_stay()
    {
        await Write(Artifact(("high/model.safetensors", "a"), ("old/extra.json", "e"), ("low/model.safetensors", "b")));
        Directory.CreateDirectory(Path.Combine(Out, "high", "mine"));
        foreach (string foreign in (string[])["readme.md", "high/other.safetensors", "high/mine/notes", "high/model.safetensors.bak"])
            _folder.WriteFile(Path.Combine("out put", foreign), "mine"u8.ToArray());
        var artifact = Artifact(("high/model-00001-of-00002.safetensors", "a1"), ("high/model-00002-of-00002.safetensors", "a2"),
            ("low/model.safetensors", "b"));

        ArtifactWriteResult result = await Write(artifact);

        AssertHolds(artifact, "readme.md", "high/other.safetensors", "high/mine/notes", "high/model.safetensors.bak");
        Assert.Equal(["high/model.safetensors", "old/extra.json"], result.Removed.Order(StringComparer.Ordinal));
        Assert.False(Directory.Exists(Path.Combine(Out, "old")));
    }

    [Theory]
    [InlineData("cut off")]
    [InlineData("one bit flipped")]
    [InlineData("missing")]
    public async Task A_damaged_file_is_reported_and_repaired(string damage)
    {
        var artifact = Artifact(("high/model.safetensors", "content"), ("low/model.safetensors", "b"));
        await Write(artifact);
        string path = Path.Combine(Out, "high", "model.safetensors");
        if (damage == "missing")
            File.Delete(path);
        else
            ContentStoreBlobTests.Damage(path, damage);

        Diagnostic found = Assert.Single(ArtifactFolder.Check(Out, ct: TestContext.Current.CancellationToken));
        Assert.Equal("QB4011", found.Descriptor.Code);
        Assert.Contains(path, found.Message, StringComparison.Ordinal);

        artifact = Artifact(("high/model.safetensors", "content"), ("low/model.safetensors", "b"));
        Assert.Equal(["high/model.safetensors"], (await Write(artifact)).Written);
        AssertHolds(artifact);
    }

    [Fact]
    public async Task Interrupted_after_any_file_there_is_no_mix_and_the_next_build_repairs_it()
    {
        var before = Artifact(("high/model.safetensors", "old a"), ("high/gone.json", "x"), ("low/model.safetensors", "old b"));
        var after = Artifact(("high/model.safetensors", "new a"), ("low/config.json", "new c"), ("low/model.safetensors", "new b"));
        foreach (string path in after.Files.Select(file => file.Path).Append("artifact.json"))
        {
            await Write(before);
            await Interrupt(after, path);
            Assert.Equal("QB4012", Assert.Single(ArtifactFolder.Check(Out, ct: TestContext.Current.CancellationToken)).Descriptor.Code);

            await Write(after);
            AssertHolds(after);
        }
    }

    [Fact]
    public async Task A_change_that_replaces_no_file_keeps_the_old_descriptor_until_the_new_one_is_there()
    {
        var before = Artifact(("high/model.safetensors", "a"));
        var after = Artifact(("high/model.safetensors", "a"), ("low/model.safetensors", "b"));
        await Write(before);

        await Interrupt(after, "artifact.json");

        AssertHolds(before, "low/model.safetensors");
    }

    [Fact]
    public async Task After_an_interrupted_change_any_third_artifact_leaves_nothing_of_the_first()
    {
        await Write(Artifact(("high/model.safetensors", "old a"), ("high/gone.json", "x")));
        await Interrupt(Artifact(("high/model.safetensors", "new a"), ("high/config.json", "y")), "high/config.json");
        var third = Artifact(("high/model.safetensors", "third"));

        await Write(third);

        AssertHolds(third);
    }

    [Fact]
    public async Task Killed_between_the_descriptor_and_the_clean_up_the_next_build_cleans_up()
    {
        var first = Artifact(("high/model.safetensors", "a"), ("high/gone.json", "x"));
        var second = Artifact(("high/model.safetensors", "b"));
        await Write(first);
        // What a kill right after the new descriptor leaves.
        byte[] old = AtomicFile.TryRead(Path.Combine(Out, "artifact.json"))!;
        await Write(second);
        AtomicFile.Write(Path.Combine(Out, "artifact.json.previous"), Path.Combine(Out, "t"), old);
        AtomicFile.Write(Path.Combine(Out, "high", "gone.json"), Path.Combine(Out, "t"), "x"u8);
        var third = Artifact(("high/model.safetensors", "c"));

        await Write(third);

        AssertHolds(third);
    }

    [Fact]
    public async Task Temporary_files_of_a_killed_build_are_removed()
    {
        Directory.CreateDirectory(Path.Combine(Out, "high"));
        AtomicFile.Write(Path.Combine(Out, "high", ".model.safetensors.0123.quantbuild-tmp"), Path.Combine(Out, "t"), "half"u8);
        var artifact = Artifact(("high/model.safetensors", "a"));

        await Write(artifact);

        AssertHolds(artifact);
    }

    [Fact]
    public async Task A_file_in_place_of_the_folder_is_an_error()
    {
        _folder.WriteFile("out put", []);

        Assert.Equal("QB4010", await CodeOf(Artifact(("high/model.safetensors", "a"))));
    }

    [Fact]
    public async Task A_file_in_place_of_an_experts_folder_is_an_error()
    {
        _folder.WriteFile("out put/high", []);

        Assert.Equal("QB4010", await CodeOf(Artifact(("high/model.safetensors", "a"))));
    }

    [Fact]
    public async Task A_folder_in_place_of_a_file_is_an_error_and_the_old_artifact_stays()
    {
        var old = Artifact(("high/model.safetensors", "a"));
        await Write(old);
        Directory.CreateDirectory(Path.Combine(Out, "low", "model.safetensors"));

        Assert.Equal("QB4010", await CodeOf(Artifact(("high/model.safetensors", "b"), ("low/model.safetensors", "c"))));

        AssertHolds(old);
    }

    [Fact]
    public async Task A_missing_blob_is_an_error_and_the_old_artifact_stays()
    {
        var old = Artifact(("high/model.safetensors", "a"));
        await Write(old);
        var artifact = Artifact(("high/model.safetensors", "b"));
        File.Delete(_store.PathOf(artifact.Files[0].Content.Digest));

        Assert.Equal("QB4008", await CodeOf(artifact));

        AssertHolds(old);
    }

    [Theory]
    [InlineData("../model.safetensors")]
    [InlineData("high/../../model.safetensors")]
    [InlineData("/high/model.safetensors")]
    [InlineData("model.safetensors")]
    [InlineData("high//model.safetensors")]
    [InlineData("high\\model.safetensors")]
    [InlineData("c:/model.safetensors")]
    public async Task A_path_that_leaves_the_folder_is_refused(string path)
    {
        List<PackedFile> files = [new PackedFile(path, new BlobRef(_store.Put("a"u8), 1))];

        await Assert.ThrowsAsync<ArgumentException>(() => Write((files, "{}"u8.ToArray())));
    }

    [Fact]
    public async Task A_descriptor_of_other_files_is_refused()
    {
        var one = Artifact(("high/model.safetensors", "a"));
        var other = Artifact(("high/model.safetensors", "b"));

        await Assert.ThrowsAsync<ArgumentException>(() => Write((one.Files, other.Descriptor)));
    }

    [Fact]
    public async Task A_descriptor_that_names_files_outside_removes_nothing_there()
    {
        string victim = _folder.WriteFile("victim.txt", [1]);
        _folder.WriteFile("out put/artifact.json", Encoding.UTF8.GetBytes(
            $$"""{"experts":{"high":{"directory":"..","files":[{"name":"victim.txt","sha256":"{{Digest.Of([1])}}","size":1} ] } } }"""));

        await Write(Artifact(("high/model.safetensors", "a")));

        Assert.True(File.Exists(victim));
    }

    [Fact]
    public async Task Two_writers_at_once_leave_one_of_the_two_whole()
    {
        var one = Artifact(("high/model.safetensors", "one a"), ("low/model.safetensors", "one b"));
        var two = Artifact(("high/model.safetensors", "two a"), ("low/model.safetensors", "two b"), ("low/config.json", "c"));

        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => Write(i % 2 == 0 ? one : two))));

        Assert.Empty(ArtifactFolder.Check(Out, ct: TestContext.Current.CancellationToken));
        Assert.Contains(Listing().Length, (int[])[3, 4]);
    }

    [Fact]
    public void A_folder_without_a_descriptor_holds_no_artifact()
    {
        Assert.Equal("QB4012", ArtifactFolder.Check(Out, ct: TestContext.Current.CancellationToken).Single().Descriptor.Code);
        _folder.WriteFile("out put/artifact.json", "{"u8.ToArray());
        Assert.Equal("QB4012", ArtifactFolder.Check(Out, ct: TestContext.Current.CancellationToken).Single().Descriptor.Code);
    }

    private async Task<string> CodeOf((List<PackedFile> Files, byte[] Descriptor) artifact) =>
        (await Assert.ThrowsAsync<DiagnosticException>(() => Write(artifact))).Diagnostics.Single().Descriptor.Code;

    /// <summary>Writes an artifact, but stops as if killed before one of its files.</summary>
    private async Task Interrupt((List<PackedFile> Files, byte[] Descriptor) artifact, string before) =>
        await Assert.ThrowsAsync<KilledException>(() =>
            ArtifactFolder.WriteAsync(_store, Out, artifact.Files, artifact.Descriptor, new KillBefore(before),
                ct: TestContext.Current.CancellationToken));

    private sealed class KillBefore(string path) : IProgress<string>
    {
        public void Report(string value)
        {
            if (value == path)
                throw new KilledException();
        }
    }

    private sealed class KilledException : Exception;
}
