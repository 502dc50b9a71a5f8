using System.Diagnostics;
using System.Text;
using QuantBuild.Pickles;
using QuantBuild.SafeTensors;
using QuantBuild.Soak.Mutations;

namespace QuantBuild.Tests.Pickles;

public sealed class PthFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-pth").FullName;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tensors_are_read_where_they_lie(bool is64)
    {
        byte[] floats = [.. Enumerable.Range(0, 6).SelectMany(i => BitConverter.GetBytes((float)i))];
        byte[] halves = [0x80, 0x3f, 0, 0x40];
        string path = Write(new TorchArchive { Is64 = is64, Root = "Wan2.1_VAE" }
            .Add("conv.weight", new TorchStorage("FloatStorage", 4, floats), 2, 3)
            .Add("norm", new TorchStorage("BFloat16Storage", 2, halves), 2)
            .View("tied", 0, 3, [3]).ToFile());

        using SafeTensorsFile file = PthFile.Open(path);

        Assert.Equal(["conv.weight", "norm", "tied"], file.Tensors.Keys.Order());
        Assert.Equal([2, 3], file.Tensors["conv.weight"].Shape);
        Assert.Equal([0, 1, 2, 3, 4, 5], file.ReadFloat32("conv.weight"));
        Assert.Equal([1, 2], file.ReadFloat32("norm"));
        Assert.Equal([3, 4, 5], file.ReadFloat32("tied"));
        Assert.True(PthFile.IsArchive(path));
    }

    [Theory]
    [InlineData("cos\nsystem\n(X\u0004\0\0\0trueu", "0x75")]
    [InlineData("cbuiltins\neval\n(X\u0001\0\0\01tR", "asks for builtins.eval; a state dict has tensors and nothing to call")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v2\n)R", "made of something else than storage, offset, size and stride")]
    [InlineData("i", "has the instruction 0x69")]
    [InlineData("ccollections\nOrderedDict\n)\x81", "has the instruction 0x81")]
    [InlineData("h\u0007", "recalls what it did not store")]
    [InlineData("X\u00ff\u00ff\u00ff\u007f", "ends too early")]
    [InlineData("t", "")]
    public void Programs_in_pickles_are_refused_and_never_run(string instructions, string reason)
    {
        var archive = new TorchArchive();
        archive.Pickle.Write(Encoding.Latin1.GetBytes(instructions));

        SafeTensorsException failure = Fails(archive.ToFile());
        if (reason.Length > 0 && !reason.StartsWith("0x75", StringComparison.Ordinal))
            Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sizes_that_lie_are_refused()
    {
        var storage = new TorchStorage("FloatStorage", 4, new byte[24]);
        Assert.Contains("lies outside its storage", Fails(new TorchArchive().Add("a", storage, 7).ToFile()).Message,
            StringComparison.Ordinal);
        Assert.Contains("lies outside its storage", Fails(new TorchArchive().Add("a", storage, 6).View("b", 0, 1, [6]).ToFile()).Message,
            StringComparison.Ordinal);
        Assert.Contains("more elements than any file", Fails(new TorchArchive().Add("a", storage, 1L << 40, 1L << 40).ToFile()).Message,
            StringComparison.Ordinal);
        Assert.Contains("no contiguous one",
            Fails(new TorchArchive().Add("a", storage, 6).View("b", 0, 0, [3, 2], [1, 3]).ToFile()).Message,
            StringComparison.Ordinal);
        Assert.Contains("claims 24 elements in 24 bytes", Fails(new TorchArchive()
            .Add("a", storage with { Width = 1 }, 6).ToFile()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Archives_that_PyTorch_does_not_write_are_refused()
    {
        Assert.Contains("it has no data.pkl", Fails(TorchArchive.Zip([("a/b", [1])])).Message, StringComparison.Ordinal);
        Assert.Contains("no zip archive", Fails(new byte[100]).Message, StringComparison.Ordinal);
        byte[] compressed = TorchArchive.Small();
        int central = compressed.AsSpan().IndexOf("PK\x01\x02"u8);
        compressed[central + 10] = 8;
        Assert.Contains("is compressed", Fails(compressed).Message, StringComparison.Ordinal);

        // Two entries over the same bytes: how small archives unpack to large ones.
        byte[] overlapping = TorchArchive.Small();
        int first = overlapping.AsSpan().IndexOf("PK\x01\x02"u8);
        int second = first + 4 + overlapping.AsSpan(first + 4).IndexOf("PK\x01\x02"u8);
        overlapping.AsSpan(first + 42, 4).CopyTo(overlapping.AsSpan(second + 42));
        Assert.Contains("overlap", Fails(overlapping).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cut_anywhere_it_is_refused()
    {
        byte[] file = TorchArchive.Small();
        for (int length = 0; length < file.Length; length += 7)
            Fails(file[..length]);
    }

    [Fact]
    public void A_pickle_that_holds_itself_or_nests_without_end_ends()
    {
        var cycle = new TorchArchive();
        cycle.Pickle.Write("X\x01\0\0\0a}q\x01X\x01\0\0\0bh\x01s"u8);
        Fails(cycle.ToFile());

        var deep = new TorchArchive();
        deep.Pickle.Write(Enumerable.Repeat((byte)'(', 1_000_000).ToArray());
        deep.Pickle.Write(Enumerable.Repeat((byte)'t', 1_000_000).ToArray());
        long start = Stopwatch.GetTimestamp();
        Fails(deep.ToFile());
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private SafeTensorsException Fails(byte[] file) => Assert.Throws<SafeTensorsException>(() => PthFile.Open(Write(file)).Dispose());

    private string Write(byte[] file)
    {
        string path = Path.Combine(_folder, "a.pth");
        File.WriteAllBytes(path, file);
        return path;
    }
}
