using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Store;

public sealed class TensorDigestsTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string WriteTensors(string name, string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return _folder.WriteFile(name, [.. length, .. json, .. data]);
    }

    [Fact]
    public async Task Digests_equal_those_of_the_tensors_in_memory_for_any_number_of_threads()
    {
        string path = TestData.TinyWan("checkpoint", "low_noise_model", "diffusion_pytorch_model.safetensors");
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        var expected = file.Tensors.Values.ToDictionary(tensor => tensor.Name,
            tensor => TensorDigests.Of(tensor.DType, tensor.Shape, file.Bytes(tensor.Name)));

        foreach (int threads in (int[])[1, 3])
        {
            using ContentStore store = ContentStore.Open(_folder.PathTo($"store {threads}"));
            var progress = new StoreMaintenanceTests.CountingProgress();
            var digests = await TensorDigests.OfAsync([path], store, threads, progress, TestContext.Current.CancellationToken);

            Assert.Equal(expected, digests);
            Assert.Equal(file.Tensors.Values.Sum(tensor => tensor.ByteLength), progress.Total);
        }
    }

    [Fact]
    public void A_digest_covers_element_type_and_shape_in_the_documented_form()
    {
        byte[] bytes = [1, 2, 3, 4, 5, 6, 7, 8];
        byte[] text = [.. """{"dtype":"F32","shape":[2,1]}"""u8, (byte)'\n', .. bytes];

        Digest digest = TensorDigests.Of(DType.F32, [2, 1], bytes);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(text)), digest.ToString());
        Assert.NotEqual(digest, TensorDigests.Of(DType.F32, [1, 2], bytes));
        Assert.NotEqual(digest, TensorDigests.Of(DType.I32, [2, 1], bytes));
    }

    [Fact]
    public async Task A_second_look_at_an_unchanged_file_reads_nothing()
    {
        string path = WriteTensors("a.safetensors", """{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", [1, 2, 3, 4]);
        using ContentStore store = _folder.Open();
        store.Files.Clock = new FakeTimeProvider(DateTimeOffset.UtcNow.AddMinutes(1));
        var first = await TensorDigests.OfAsync([path], store, 2, ct: TestContext.Current.CancellationToken);
        var progress = new StoreMaintenanceTests.CountingProgress();

        var second = await TensorDigests.OfAsync([path], store, 2, progress, TestContext.Current.CancellationToken);

        Assert.Equal(first, second);
        Assert.Equal(0, progress.Total);
    }

    [Fact]
    public async Task The_same_tensors_in_other_shards_have_the_same_digests()
    {
        string both = WriteTensors("both.safetensors",
            """{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", [1, 2, 3, 4]);
        string x = WriteTensors("shard 1.safetensors", """{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", [1, 2]);
        string y = WriteTensors("shard 2.safetensors", """{"y":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", [3, 4]);
        using ContentStore store = _folder.Open();
        CancellationToken ct = TestContext.Current.CancellationToken;

        var whole = await TensorDigests.OfAsync([both], store, 1, ct: ct);
        var sharded = await TensorDigests.OfAsync([y, x], store, 1, ct: ct);

        Assert.Equal(whole, sharded);
        Assert.Equal(TensorDigests.Combine(whole), TensorDigests.Combine(sharded.Reverse()));
    }

    [Fact]
    public async Task A_name_in_two_files_is_refused()
    {
        string x = WriteTensors("shard 1.safetensors", """{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", [1, 2]);
        string again = WriteTensors("shard 2.safetensors", """{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", [3, 4]);
        using ContentStore store = _folder.Open();

        await Assert.ThrowsAsync<SafeTensorsException>(() =>
            TensorDigests.OfAsync([x, again], store, 1, ct: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_missing_file_is_a_diagnostic()
    {
        using ContentStore store = _folder.Open();

        await Assert.ThrowsAsync<DiagnosticException>(() =>
            TensorDigests.OfAsync([_folder.PathTo("missing")], store, 1, ct: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_file_replaced_after_it_was_opened_is_hashed_as_it_was_opened_and_its_successor_on_its_own()
    {
        const string Header = """{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""";
        string path = WriteTensors("a.safetensors", Header, [1, 2, 3, 4]);
        string successor = WriteTensors("b.safetensors", Header, [5, 6, 7, 8]);
        using ContentStore store = _folder.Open();
        store.Files.Clock = new FakeTimeProvider(DateTimeOffset.UtcNow.AddMinutes(1));
        CancellationToken ct = TestContext.Current.CancellationToken;

        using SafeTensorsFile open = SafeTensorsFile.Open(path);
        File.Move(successor, path, overwrite: true);
        HashedTensors before = await HashedTensors.OfAsync(open, store, 1, null, ct);
        var after = await TensorDigests.OfAsync([path], store, 1, ct: ct);

        Assert.Equal(TensorDigests.Of(DType.U8, [4], [1, 2, 3, 4]), before.Digests["x"]);
        Assert.Equal(TensorDigests.Of(DType.U8, [4], [5, 6, 7, 8]), after["x"]);
        before.RequireUnchanged();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_written_to_after_it_was_hashed_is_an_error_even_when_its_time_is_set_back(bool setsTimeBack)
    {
        string path = WriteTensors("a.safetensors", """{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", [1, 2, 3, 4]);
        using ContentStore store = _folder.Open();
        using SafeTensorsFile open = SafeTensorsFile.Open(path);
        HashedTensors hashed = await HashedTensors.OfAsync(open, store, 1, null, TestContext.Current.CancellationToken);
        hashed.RequireUnchanged();

        DateTime time = File.GetLastWriteTimeUtc(path);
        StoreFolder.Tick();
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Seek(-1, SeekOrigin.End);
            file.WriteByte(9);
        }
        if (setsTimeBack)
            File.SetLastWriteTimeUtc(path, time);

        var failure = Assert.Throws<DiagnosticException>(hashed.RequireUnchanged);
        Assert.Equal("QB4007", failure.Diagnostics[0].Descriptor.Code);
    }
}
