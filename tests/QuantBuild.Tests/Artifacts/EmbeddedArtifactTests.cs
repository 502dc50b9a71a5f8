using System.Reflection;
using System.Security.Cryptography;
using QuantBuild.Artifacts;

namespace QuantBuild.Tests.Artifacts;

public sealed class EmbeddedArtifactTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-embedded-").FullName;
    private readonly TestArtifact _artifact = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(20_000)]
    public void An_artifact_in_resources_is_the_artifact_in_the_folder(long shardSize)
    {
        _artifact.ShardSize = shardSize;
        _artifact.Write(_folder);
        using ModelArtifact folder = ModelArtifact.Open(_folder);

        using ModelArtifact embedded = ModelArtifact.OpenEmbedded(new Resources(_folder), "tiny", Digest());

        Assert.Equal(folder.Descriptor.ToJson(), embedded.Descriptor.ToJson());
        Assert.Equal(folder.HighNoise.Config, embedded.HighNoise.Config);
        Assert.Equal(folder.LowNoise.Tensors.Tensors.Keys.Order(), embedded.LowNoise.Tensors.Tensors.Keys.Order());
        Assert.All(folder.LowNoise.Tensors.Tensors.Keys, name =>
            Assert.True(folder.LowNoise.Tensors.Bytes(name).SequenceEqual(embedded.LowNoise.Tensors.Bytes(name))));
    }

    [Fact]
    public void A_descriptor_of_another_build_is_refused()
    {
        _artifact.Write(_folder);

        ArtifactException refusal =
            Assert.Throws<ArtifactException>(() => ModelArtifact.OpenEmbedded(new Resources(_folder), "tiny", new string('0', 64)));

        Assert.Contains("SHA-256", refusal.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_resource_is_named()
    {
        _artifact.Write(_folder);
        string file = Path.Combine(_folder, "low_noise_model", "diffusion_pytorch_model.safetensors");
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);

        ArtifactException refusal =
            Assert.Throws<ArtifactException>(() => ModelArtifact.OpenEmbedded(new Resources(_folder), "tiny", Digest()));

        Assert.Equal("app/tiny/low_noise_model/diffusion_pytorch_model.safetensors", refusal.File);
    }

    [Fact]
    public void An_assembly_without_the_model_is_refused()
    {
        _artifact.Write(_folder);

        ArtifactException refusal =
            Assert.Throws<ArtifactException>(() => ModelArtifact.OpenEmbedded(new Resources(_folder), "other", Digest()));

        Assert.Equal("app/other/artifact.json", refusal.File);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public unsafe void Resources_are_read_in_place_only_where_float32_may_lie(int offset)
    {
        byte* memory = stackalloc byte[32];
        byte* start = memory + ((4 - ((nint)memory & 3)) & 3) + offset;
        for (int i = 0; i < 16; i++)
            start[i] = (byte)i;

        using ResourceMemory resource = ResourceMemory.Of(new UnmanagedMemoryStream(start, 16));

        Assert.Equal(offset == 0, resource.Start == start);
        Assert.Equal(0, (nint)resource.Start & 3);
        Assert.Equal(16, resource.Length);
        Assert.True(new ReadOnlySpan<byte>(start, 16).SequenceEqual(new ReadOnlySpan<byte>(resource.Start, 16)));
    }

    private string Digest() => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(_folder, "artifact.json"))));

    /// <summary>An assembly whose resources <c>tiny/…</c> are the files of a folder.</summary>
    private sealed class Resources(string folder) : Assembly
    {
        public override AssemblyName GetName() => new("app");

        public override Stream? GetManifestResourceStream(string name)
        {
            string path = Path.Combine(folder, name.StartsWith("tiny/", StringComparison.Ordinal) ? name["tiny/".Length..] : "missing");
            return File.Exists(path) ? new MemoryStream(File.ReadAllBytes(path)) : null;
        }
    }
}
