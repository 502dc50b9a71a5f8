using System.Diagnostics;
using System.Text.Json.Nodes;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Provenance;
using QuantBuild.Compiler.Store;
using QuantBuild.Tests.Artifacts;

namespace QuantBuild.Tests.Provenance;

/// <summary>A signed folder holds what was signed, and nothing else that anybody could load or run.</summary>
public sealed class FolderCoverageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-coverage-").FullName;
    private readonly string _id;

    public FolderCoverageTests()
    {
        new TestArtifact().Write(Directory.CreateDirectory(Out).FullName);
        OpenSslSays("genpkey", "-algorithm", "ED25519", "-out", PathTo("key.pem"));
        OpenSslSays("pkey", "-in", PathTo("key.pem"), "-pubout", "-out", PathTo("key.pub"));
        byte[] descriptor = File.ReadAllBytes(Path.Combine(Out, "artifact.json"));
        Locked = new LockFile("0.1.0", new ProfileNames("cpu-1", "cpu-1"), Digest.Parse(new string('0', 64)), [],
            [.. ArtifactDescriptor.Parse(descriptor).Experts.Select(expert => new LockedExpert(expert.Key, Digest.Of("c"u8), [],
            [.. expert.Value.Files.Select(file =>
                new PackedFile($"{expert.Value.Directory}/{file.Name}", new BlobRef(Digest.Parse(file.Digest), file.Size)))]))]);
        File.WriteAllText(Path.Combine(Out, "quality.json"), "quality");
        File.WriteAllBytes(Path.Combine(Out, ProvenanceStatement.FileName),
            ProvenanceStatement.Create(descriptor, Locked, Digest.Of("m"u8), ("quality.json", Digest.Of("quality"u8))));
        _id = Signatures.Sign(Out, PathTo("key.pem"), cosign: false);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Out => Path.Combine(_folder, "out");

    private LockFile Locked { get; }

    private string PathTo(string name) => Path.Combine(_folder, name);

    private ProvenanceResult Verify() => ProvenanceCheck.Run(Out, PathTo("key.pub"));

    private void Add(string path, string content = "x")
    {
        string full = Path.Combine(Out, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
    }

    private static void OpenSslSays(params string[] arguments)
    {
        using Process process =
            Process.Start(new ProcessStartInfo("openssl", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("high_noise_model/model.safetensors")]
    [InlineData("high_noise_model/diffusion_pytorch_model.safetensors.index.json")]
    [InlineData("high_noise_model/modeling.py")]
    [InlineData("low_noise_model/pytorch_model.bin")]
    [InlineData("model_index.json")]
    [InlineData("run.sh")]
    [InlineData("index.html")]
    [InlineData("other.report.html")]
    [InlineData("high_noise_model/README.md")]
    [InlineData(".hidden/model.safetensors")]
    [InlineData(".cache/huggingface/model.safetensors")]
    [InlineData("extra/quality.json")]
    [InlineData("test.quant.lock.json")]
    [InlineData("SHA256SUMS")]
    public void What_nobody_signed_is_refused_by_name(string path)
    {
        Add(path);

        var problem = Assert.Single(Verify().Problems);
        Assert.Equal("QB5072", problem.Descriptor.Code);
        Assert.Contains($"'{path}'", problem.Message, StringComparison.Ordinal);
        Assert.Equal("QB5072", Assert.Single(ProvenanceCheck.Run(Out).Problems).Descriptor.Code);
    }

    [Fact]
    public void What_only_people_read_is_named_as_unsigned()
    {
        string[] files = [".cache/huggingface/download/artifact.json.metadata", ".gitattributes", "LICENSE", "README.md",
            "provenance.run.json", "test.report.html"];
        foreach (string file in files)
            Add(file);

        ProvenanceResult result = Verify();

        Assert.Empty(result.Problems);
        Assert.Equal(files, result.Unsigned);
    }

    [Fact]
    public void Sums_and_lock_that_fit_are_covered()
    {
        ArtifactSums.Write(Out, ArtifactSums.Of(Out));
        File.WriteAllBytes(Path.Combine(Out, "test.quant.lock.json"), Locked.ToJson());

        ProvenanceResult result = Verify();

        Assert.Empty(result.Problems);
        Assert.Empty(result.Unsigned);
    }

    [Fact]
    public void Links_are_not_followed_to_files_that_nobody_signed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a right there");
        Directory.CreateDirectory(PathTo("elsewhere"));
        Directory.CreateSymbolicLink(Path.Combine(Out, "more"), PathTo("elsewhere"));
        File.CreateSymbolicLink(Path.Combine(Out, "README.md"), PathTo("key.pem"));

        Assert.EndsWith("'README.md', 'more'", Assert.Single(Verify().Problems).Message);
    }

    [Fact]
    public void The_signer_is_the_key_that_was_checked_and_not_what_the_envelope_says()
    {
        string path = Path.Combine(Out, Envelope.FileName);
        JsonNode envelope = JsonNode.Parse(File.ReadAllBytes(path))!;
        envelope["signatures"]![0]!["keyid"] = "ceo@example.org\nok        everything is verified";
        File.WriteAllText(path, envelope.ToJsonString());

        ProvenanceResult result = Verify();

        Assert.Empty(result.Problems);
        Assert.Equal(_id, result.Signer);
    }
}
