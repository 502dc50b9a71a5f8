using System.Runtime.InteropServices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.SafeTensors;

public sealed class SafeTensorsFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-safetensors-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_that_is_cut_short_after_it_was_opened_is_an_exception()
    {
        string path = Path.Combine(_folder, "short.safetensors");
        SafeTensorsWriter.Write(path, [TensorData.Of("x", [100_000], new float[100_000])]);
        using SafeTensorsFile file = SafeTensorsFile.Open(path);
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            stream.SetLength(100_000);

        foreach (Action read in (Action[])[() => file.Bytes("x"), () => file.ReadFloat32("x"), () =>
            file.Read("x", 399_000, new byte[1000])])
        {
            SafeTensorsException failure = Assert.Throws<SafeTensorsException>(read);
            Assert.True(failure.IsShrunk);
            Assert.Equal(path, failure.Path);
        }
        Assert.Equal(0, file.Bytes("x", 0, 1)[0]);
    }

    [Fact]
    public void A_mapped_file_and_the_same_bytes_in_memory_and_at_an_address_read_alike()
    {
        string path = TestData.Golden("smooth.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        using SafeTensorsFile mapped = SafeTensorsFile.Map(path);
        using SafeTensorsFile read = SafeTensorsFile.Open(path);
        using SafeTensorsFile memory = SafeTensorsFile.FromMemory(bytes);
        using SafeTensorsFile address = AtAddress(bytes);

        Assert.Equal(mapped.Tensors.Keys.Order(), memory.Tensors.Keys.Order());
        foreach (TensorInfo tensor in mapped.Tensors.Values)
        {
            Assert.True(mapped.Bytes(tensor.Name).SequenceEqual(memory.Bytes(tensor.Name)));
            Assert.True(mapped.Bytes(tensor.Name).SequenceEqual(read.Bytes(tensor.Name)));
            Assert.True(mapped.Bytes(tensor.Name).SequenceEqual(address.Bytes(tensor.Name)));
            Assert.True(mapped.Bytes(tensor.Name)
                .SequenceEqual(bytes.AsSpan((int)(mapped.DataStart + tensor.Begin), (int)tensor.ByteLength)));
        }
        Assert.Equal(path, mapped.Path);
        Assert.Null(memory.Path);
    }

    [Fact]
    public void Floats_of_all_three_widths_are_widened_exactly()
    {
        ushort[] halves = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        float[] singles = [0, -0f, 1, float.Epsilon, float.NaN, float.NegativeInfinity, 1.5e38f];
        using SafeTensorsFile file = Written(
            TensorData.Of("f32", [7], singles),
            new TensorData("f16", DType.F16, [256, 256], s => s.Write(MemoryMarshal.AsBytes<ushort>(halves))),
            TensorData.BFloat16("bf16", [65536], halves));

        Assert.Equal(singles.Select(BitConverter.SingleToUInt32Bits), file.ReadFloat32("f32").Select(BitConverter.SingleToUInt32Bits));
        float[] f16 = file.ReadFloat32("f16");
        float[] bf16 = file.ReadFloat32("bf16");
        for (int i = 0; i < halves.Length; i++)
        {
            var expected = (float)BitConverter.UInt16BitsToHalf(halves[i]);
            Assert.True(float.IsNaN(expected)
                ? float.IsNaN(f16[i])
                : BitConverter.SingleToUInt32Bits(expected) == BitConverter.SingleToUInt32Bits(f16[i]));
            Assert.Equal((uint)halves[i] << 16, BitConverter.SingleToUInt32Bits(bf16[i]));
        }
    }

    [Fact]
    public void A_short_tensor_of_halves_is_widened_as_a_long_one()
    {
        ushort[] halves = [0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFC00, 0x3C00, 0x8000, 0x5555, 0x0200];
        for (int length = 0; length <= halves.Length; length++)
        {
            using SafeTensorsFile file =
                Written(new TensorData("x", DType.F16, [length], s => s.Write(MemoryMarshal.AsBytes(halves.AsSpan(0, length)))));
            Assert.Equal(halves.Take(length).Select(h => (float)BitConverter.UInt16BitsToHalf(h)), file.ReadFloat32("x"));
        }
    }

    [Fact]
    public void Slices_are_parts_of_the_tensor_and_never_leave_it()
    {
        using SafeTensorsFile file = Written(TensorData.Of("a", [3], new byte[] { 1, 2, 3 }), TensorData.Of("b", [2], new byte[] { 4, 5 }));

        Assert.Equal([2, 3], file.Bytes("a", 1, 2).ToArray());
        Assert.Equal([], file.Bytes("a", 3, 0).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes("a", 2, 2).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes("a", -1, 1).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes("a", 4, 0).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes("a", long.MaxValue, int.MaxValue).ToArray());
    }

    [Fact]
    public void A_tensor_beyond_two_gigabytes_is_read_in_slices_only()
    {
        // A sparse file: nearly all of it takes no disk.
        const long Length = (1L << 31) + 16;
        string path = Path.Combine(_folder, "large.safetensors");
        byte[] header =
            RawFile.Of($"{{{RawFile.Entry("large", "U8", $"[{Length}]", $"[0,{Length}]")},{RawFile.Entry("last", "F32", "[1]", $"[{Length},{Length + 4}]")}}}", 0);
        using (FileStream stream = File.Create(path))
        {
            stream.Write(header);
            stream.Position = header.Length + Length - 1;
            stream.Write([42, .. MemoryMarshal.AsBytes<float>([1.25f])]);
        }

        using SafeTensorsFile file = SafeTensorsFile.Open(path);

        Assert.Equal("TensorTooLarge", Assert.Throws<SafeTensorsException>(() => file.Bytes("large").Length).Rule);
        Assert.Equal([0, 42], file.Bytes("large", Length - 2, 2).ToArray());
        Assert.Equal([1.25f], file.ReadFloat32("last"));
    }

    [Fact]
    public void Asking_for_what_is_not_there_says_what_and_where()
    {
        string path = Path.Combine(_folder, "small.safetensors");
        SafeTensorsWriter.Write(path, [TensorData.Of("a", [2], new byte[2]), TensorData.Of("f", [2], new float[2])]);
        using SafeTensorsFile file = SafeTensorsFile.Open(path);

        AssertRule("MissingTensor", () => file.Bytes("b").ToArray());
        AssertRule("MissingTensor", () => file.ReadFloat32("b"));
        AssertRule("WrongDType", () => file.ReadFloat32("a"));
        AssertRule("WrongLength", () => file.ReadFloat32("f", new float[3]));

        void AssertRule(string rule, Action action)
        {
            var exception = Assert.Throws<SafeTensorsException>(action);
            Assert.Equal((rule, path), (exception.Rule, exception.Path));
            Assert.StartsWith(path, exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_closed_file_gives_no_spans()
    {
        SafeTensorsFile file = Written(TensorData.Of("a", [1], new byte[1]), TensorData.Of("f", [1], new float[1]));
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Bytes("a").ToArray());
        Assert.Throws<ObjectDisposedException>(() => file.ReadFloat32("f"));
    }

    [Fact]
    public void A_refused_file_is_not_kept_open()
    {
        string path = Path.Combine(_folder, "bad.safetensors");
        File.WriteAllBytes(path, RawFile.Of("{}", 1));
        var exception = Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.Open(path));
        Assert.Equal(path, exception.Path);
        using FileStream exclusive = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.True(exclusive.CanWrite);
    }

    [Fact]
    public void A_missing_file_is_an_io_error() =>
        Assert.Throws<FileNotFoundException>(() => SafeTensorsFile.Open(Path.Combine(_folder, "none.safetensors")));

    private static SafeTensorsFile Written(params IReadOnlyList<TensorData> tensors)
    {
        using var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, tensors);
        return SafeTensorsFile.FromMemory(stream.ToArray());
    }

    private static unsafe SafeTensorsFile AtAddress(byte[] bytes)
    {
        GCHandle pin = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        return SafeTensorsFile.FromPointer((byte*)pin.AddrOfPinnedObject(), bytes.Length, new Unpin(pin));
    }

    private sealed class Unpin(GCHandle pin) : IDisposable
    {
        public void Dispose() => pin.Free();
    }
}
