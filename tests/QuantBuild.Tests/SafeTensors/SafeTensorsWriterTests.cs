using System.Text;
using FsCheck;
using FsCheck.Fluent;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.SafeTensors;

public sealed class SafeTensorsWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-writer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_bytes_of_a_small_file_are_these()
    {
        byte[] file = Bytes(
            [
                TensorData.Of("b", [2], new byte[] { 7, 8 }),
                TensorData.BFloat16("z", [1], new ushort[] { 0x3F80 }),
                TensorData.Of("a", [1, 1], new float[] { 1 }),
                TensorData.Of("B", [], new byte[] { 9 }),
            ],
            new Dictionary<string, string> { ["z"] = "1", ["Z"] = "ä\"" });

        const string Json = """
            {"__metadata__":{"Z":"ä\"","format":"pt","z":"1"},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"z":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]},"B":{"dtype":"U8","shape":[],"data_offsets":[6,7]},"b":{"dtype":"U8","shape":[2],"data_offsets":[7,9]}}
            """;
        byte[] header = Encoding.UTF8.GetBytes(Json);
        int padded = (header.Length + 7) / 8 * 8;
        byte[] expected = [.. BitConverter.GetBytes((long)padded), .. header, .. Enumerable.Repeat((byte)' ', padded - header.Length), 0, 0,
            0x80, 0x3F, 0x80, 0x3F, 9, 7, 8];
        Assert.Equal(expected, file);
        Assert.True(padded - header.Length is > 0 and < 8, "the case must need padding");
    }

    [Fact]
    public void The_order_of_tensors_and_metadata_changes_nothing()
    {
        TensorData[] tensors =
            [.. Enum.GetValues<DType>().Select((type, i) => TensorData.Of($"t{i % 7}.{i}", type, [8], new byte[type.Bits()]))];
        KeyValuePair<string, string>[] metadata = [new("b", "1"), new("a", "2"), new("C", "3")];
        byte[] expected = Bytes(tensors, new Dictionary<string, string>(metadata));

        var random = new System.Random(42);
        for (int i = 0; i < 20; i++)
        {
            random.Shuffle(tensors);
            random.Shuffle(metadata);
            Assert.Equal(expected, Bytes(tensors, new Dictionary<string, string>(metadata)));
        }
    }

    [Fact]
    public void Wide_types_come_first_so_that_every_tensor_is_aligned()
    {
        using SafeTensorsFile file = SafeTensorsFile.FromMemory(Bytes(
            [.. Enum.GetValues<DType>().Reverse().Select(type => TensorData.Of(type.ToString(), type, [4], new byte[type.Bits() / 2]))]));
        Assert.Equal(0, file.DataStart % 8);
        Assert.All(file.Tensors.Values.Where(t => t.DType.Bits() >= 8), t => Assert.Equal(0, t.Begin % (t.DType.Bits() / 8)));
    }

    [Fact]
    public void Whatever_is_written_is_read_back()
    {
        Gen<string> names = ArbMap.Default.GeneratorFor<NonNull<string>>().Select(s => s.Get)
            .Where(s => s != "__metadata__" && Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(s)) == s);
        Gen<(DType Type, long[] Shape, byte[] Bytes)> contents =
            from type in Gen.Elements(Enum.GetValues<DType>())
            from shape in Gen.Choose(0, 4).Select(d => (long)d).ArrayOf()
            let padded = type.Bits() < 8 ? (long[])[.. shape, 8] : shape
            let bits = padded.Aggregate((long)type.Bits(), (product, d) => product * d)
            where bits <= 1 << 16
            from seed in Gen.Choose(0, int.MaxValue)
            select (type, padded, RandomBytes(seed, (int)(bits / 8)));
        Gen<Dictionary<string, (DType Type, long[] Shape, byte[] Bytes)>> files =
            from pairs in Gen.Zip(names, contents).ListOf()
            select pairs.DistinctBy(p => p.Item1).ToDictionary(p => p.Item1, p => p.Item2);
        Gen<Dictionary<string, string>> metadata =
            from pairs in Gen.Zip(names, names).ListOf()
            select pairs.DistinctBy(p => p.Item1).ToDictionary(p => p.Item1, p => p.Item2);

        Prop.ForAll(files.ToArbitrary(), metadata.ToArbitrary(), (tensors, entries) =>
        {
            TensorData[] data = [.. tensors.Select(t => TensorData.Of(t.Key, t.Value.Type, t.Value.Shape, t.Value.Bytes))];
            byte[] bytes = Bytes(data, entries);
            using SafeTensorsFile file = SafeTensorsFile.FromMemory(bytes);

            Assert.Equal(tensors.Keys.Order(StringComparer.Ordinal), file.Tensors.Keys.Order(StringComparer.Ordinal));
            foreach ((string name, (DType type, long[] shape, byte[] content)) in tensors)
            {
                Assert.Equal((type, (long)content.Length), (file.Tensors[name].DType, file.Tensors[name].ByteLength));
                Assert.Equal(shape, file.Tensors[name].Shape);
                Assert.Equal(content, file.Bytes(name).ToArray());
            }
            entries.TryAdd("format", "pt");
            Assert.Equal(entries.OrderBy(e => e.Key, StringComparer.Ordinal), file.Metadata.OrderBy(e => e.Key, StringComparer.Ordinal));
            Assert.Equal(bytes.Length, SafeTensorsWriter.FileLength(data, entries));
            Assert.Equal(bytes, Bytes([.. tensors.Keys.Select(name => TensorData.Copy(file, name))], entries));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithReplay(42, 43).WithQuietOnSuccess(true));
    }

    // Not inline data: attributes cannot hold half of a surrogate pair.
    public static TheoryData<char[], string> UnusableNames() => new()
    {
        { "__metadata__".ToCharArray(), "ReservedName" },
        { ['a'], "DuplicateKey" },
        { ['\ud800'], "InvalidName" },
        { ['x', '\udc00', 'y'], "InvalidName" },
    };

    [Theory]
    [MemberData(nameof(UnusableNames))]
    public void A_name_that_cannot_be_stored_is_refused_before_anything_is_written(char[] name, string rule)
    {
        using var stream = new MemoryStream();
        var exception = Assert.Throws<SafeTensorsException>(() =>
            SafeTensorsWriter.Write(stream, [TensorData.Of("a", [1], new byte[1]), TensorData.Of(new string(name), [1], new byte[1])]));
        Assert.Equal(rule, exception.Rule);
        Assert.Equal(0, stream.Length);
    }

    [Fact]
    public void Metadata_that_is_not_unicode_is_refused()
    {
        Assert.Equal("InvalidName",
            Assert.Throws<SafeTensorsException>(() => Bytes([], new Dictionary<string, string> { ["a"] = "\ud800" })).Rule);
        Assert.Equal("InvalidName",
            Assert.Throws<SafeTensorsException>(() => Bytes([], new Dictionary<string, string> { ["\udfff"] = "a" })).Rule);
    }

    [Theory]
    [InlineData(DType.F4, 3, "MisalignedSlice")]
    [InlineData(DType.U8, -1, "NegativeDimension")]
    [InlineData(DType.C64, long.MaxValue, "ValidationOverflow")]
    public void A_shape_that_cannot_be_stored_is_refused(DType type, long dimension, string rule) =>
        Assert.Equal(rule, Assert.Throws<SafeTensorsException>(() => TensorData.Of("a", type, [dimension], new byte[1])).Rule);

    [Fact]
    public void A_header_over_the_cap_is_refused()
    {
        string huge = new('x', 100_000_000);
        Assert.Equal("HeaderTooLarge",
            Assert.Throws<SafeTensorsException>(() =>
                SafeTensorsWriter.FileLength([], new Dictionary<string, string> { ["a"] = huge })).Rule);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(9)]
    public void A_tensor_that_writes_another_number_of_bytes_leaves_no_file(int written)
    {
        string path = Path.Combine(_folder, "a.safetensors");
        var exception = Assert.Throws<SafeTensorsException>(() =>
            SafeTensorsWriter.Write(path, [new TensorData("a", DType.F32, [2], stream => stream.Write(new byte[written]))]));
        Assert.Equal("TensorInvalidInfo", exception.Rule);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_failure_leaves_the_file_that_was_there()
    {
        string path = Path.Combine(_folder, "a.safetensors");
        SafeTensorsWriter.Write(path, [TensorData.Of("a", [1], new byte[] { 1 })]);
        byte[] before = File.ReadAllBytes(path);

        Assert.Throws<InvalidOperationException>(() =>
            SafeTensorsWriter.Write(path, [new TensorData("a", DType.U8, [4], _ => throw new InvalidOperationException())]));

        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_file_on_disk_has_the_bytes_of_a_stream_and_replaces_what_was_there()
    {
        string path = Path.Combine(_folder, "a.safetensors");
        TensorData[] tensors = [TensorData.Of("a", [3], new float[] { 1, 2, 3 }), TensorData.Of("b", [5], new int[] { 1, 2, 3, 4, 5 })];
        File.WriteAllText(path, "something older and longer than the file that takes its place, by far: " + new string('x', 1000));

        SafeTensorsWriter.Write(path, tensors);

        Assert.Equal(Bytes(tensors), File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_tensor_is_written_in_as_many_pieces_as_it_likes()
    {
        byte[] bytes = Bytes([new TensorData("a", DType.U8, [3], stream =>
        {
            stream.WriteByte(1);
            stream.Write([]);
            stream.Write([2, 3], 0, 2);
        })]);
        Assert.Equal([1, 2, 3], bytes[^3..]);
    }

    private static byte[] Bytes(IReadOnlyList<TensorData> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        using var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, tensors, metadata);
        return stream.ToArray();
    }

    private static byte[] RandomBytes(int seed, int length)
    {
        var bytes = new byte[length];
        new System.Random(seed).NextBytes(bytes);
        return bytes;
    }
}
