using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Tests.Store;

namespace QuantBuild.Tests.Stages;

/// <summary>The store is a cache: it may be deleted, or suffer, at any time.</summary>
public sealed class LostStoreTests(LostStoreTests.Reference reference) : IDisposable, IClassFixture<LostStoreTests.Reference>
{
    private readonly TinyProject _project = new() { Samples = 1 };

    /// <summary>What an undisturbed build gives.</summary>
    public sealed class Reference
    {
        public Reference()
        {
            using var project = new TinyProject { Samples = 1 };
            project.Build();
            Digests = project.ArtifactDigests();
        }

        internal IReadOnlyDictionary<string, string> Digests { get; }
    }

    public void Dispose() => _project.Dispose();

    [Theory]
    [InlineData("Trajectory")]
    [InlineData("Smooth")]
    [InlineData("LowRank")]
    [InlineData("Gptq")]
    [InlineData("Clip")]
    [InlineData("Measure")]
    [InlineData("Pack")]
    public void A_build_goes_on_when_its_store_is_deleted_and_the_next_one_simply_works(string stage)
    {
        _project.Build(new BeforeFirst(stage, () => Delete(_project.Store)));

        Assert.Equal(reference.Digests, _project.ArtifactDigests());
        _project.Build();
        Assert.Empty(_project.Build().Ran);
        Assert.Equal(reference.Digests, _project.ArtifactDigests());
    }

    [Theory]
    [InlineData("format")]
    [InlineData("locks")]
    [InlineData("tmp")]
    [InlineData("blobs")]
    [InlineData("actions")]
    public void A_build_goes_on_when_a_part_of_its_store_is_deleted(string part)
    {
        _project.Build(new BeforeFirst("Gptq", () => Delete(Path.Combine(_project.Store, part))));

        Assert.Equal(reference.Digests, _project.ArtifactDigests());
        _project.Build();
        Assert.Empty(_project.Build().Ran);
    }

    [Fact]
    public void A_blob_whose_bytes_changed_under_an_unchanged_time_never_reaches_an_artifact()
    {
        _project.Build();
        string[] packed;
        using (ContentStore store = ContentStore.Open(_project.Store))
        {
            ActionRecord[] records = [.. store.Actions()];
            foreach (Digest blob in records.Where(record => record.Stage is "Gptq" or "LowRank" or "Smooth")
                .SelectMany(record => record.Outputs.Values).Select(output => output.Digest).Distinct())
                ContentStoreBlobTests.DamageSecretly(store.PathOf(blob));
            packed = [.. records.Where(record => record.Stage == "Pack")
                .Select(record => Path.Combine(_project.Store, "actions", record.Key.ToString()[..2], record.Key + ".json"))];
        }
        Array.ForEach(packed, File.Delete);
        Delete(_project.Output);
        var warnings = new Warnings();

        _project.Build(warnings);

        Assert.Equal(reference.Digests, _project.ArtifactDigests());
        Assert.Contains(warnings.Reported, warning => warning.Descriptor == Descriptors.StoreContentLost);
    }

    private static void Delete(string path)
    {
        for (int attempt = 0; Path.Exists(path); attempt++)
        {
            try
            {
                if (File.Exists(path))
                    File.Delete(path);
                else
                    Directory.Delete(path, recursive: true);
                return;
            }
            catch (IOException) when (attempt < 50)
            {
                // The build writes there at the same time.
            }
        }
    }
}
