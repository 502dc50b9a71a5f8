using System.Buffers.Binary;
using System.Text;
using QuantBuild.SafeTensors;
using static QuantBuild.Tests.SafeTensors.RawFile;

namespace QuantBuild.Tests.SafeTensors;

/// <summary>Every rule a header must keep, and the attacks that break them.</summary>
public sealed class SafeTensorsRulesTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void A_file_shorter_than_the_length_field_is_refused(int length) => Refused("HeaderTooSmall", new byte[length]);

    [Theory]
    [InlineData(100_000_001ul)]
    [InlineData(1ul << 40)]
    [InlineData(ulong.MaxValue)]
    public void A_header_over_the_cap_is_refused_before_memory_is_taken(ulong claimed)
    {
        var file = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(file, claimed);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Refused("HeaderTooLarge", file);

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }

    [Theory]
    [InlineData(9ul)]
    [InlineData(100_000_000ul)]
    public void A_header_longer_than_the_file_is_refused_before_memory_is_taken(ulong claimed)
    {
        var file = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(file, claimed);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Refused("InvalidHeaderLength", file);

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
    }

    [Theory]
    [InlineData(new byte[] { 0x7B, 0x22, 0xFF, 0x22, 0x7D })]
    [InlineData(new byte[] { 0x7B, 0x22, 0xC0, 0x80, 0x22, 0x7D })]
    [InlineData(new byte[] { 0x7B, 0x22, 0xED, 0xA0, 0x80, 0x22, 0x7D })]
    public void A_header_that_is_not_utf8_is_refused(byte[] header) => Refused("InvalidHeader", Of(header, 0));

    [Theory]
    [InlineData("")]
    [InlineData(" {}")]
    [InlineData("\n{}")]
    [InlineData("[]")]
    [InlineData("\uFEFF{}")]
    [InlineData("PK\u0003\u0004{}")]
    public void A_header_that_does_not_begin_with_a_brace_is_refused(string header) => Refused("InvalidHeaderStart", Of(header, 0));

    [Theory]
    [InlineData("{")]
    [InlineData("{}}")]
    [InlineData("{}{}")]
    [InlineData("{} x")]
    [InlineData("{}\n")]
    [InlineData("{}\t")]
    [InlineData("{}\0")]
    [InlineData("{\"a\":}")]
    [InlineData("{\"a\":{},}")]
    [InlineData("{/* comment */}")]
    [InlineData("{\"\\ud800\":{}}")]
    public void A_header_that_is_not_json_followed_by_spaces_is_refused(string header) =>
    Refused("InvalidHeaderDeserialization", Of(header, 0));

    [Theory]
    [InlineData("{\"a\":[]}")]
    [InlineData("{\"a\":1}")]
    [InlineData("{\"a\":{}}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,0]}}")]
    [InlineData("{\"a\":{\"shape\":[0],\"data_offsets\":[0,0]}}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"strides\":[1]}}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":{},\"data_offsets\":[0,0]}}")]
    [InlineData("{\"a\":{\"dtype\":8,\"shape\":[0],\"data_offsets\":[0,0]}}")]
    public void An_entry_of_another_form_is_refused(string header) => Refused("InvalidHeaderDeserialization", Of(header, 0));

    [Theory]
    [InlineData("[0]")]
    [InlineData("[0,1,2]")]
    [InlineData("[]")]
    [InlineData("[-1,0]")]
    [InlineData("[0,1.0]")]
    [InlineData("[0,1e0]")]
    [InlineData("[0,\"1\"]")]
    [InlineData("[0,null]")]
    [InlineData("[0,18446744073709551616]")]
    public void Offsets_that_are_not_two_unsigned_integers_are_refused(string offsets) =>
        Refused("InvalidHeaderDeserialization", Of($"{{{Entry("a", "U8", "[1]", offsets)}}}", 1));

    [Theory]
    [InlineData("[-1]")]
    [InlineData("[1.5]")]
    [InlineData("[true]")]
    [InlineData("[9223372036854775808]")]
    public void Dimensions_that_are_not_unsigned_integers_are_refused(string shape) =>
        Refused("InvalidHeaderDeserialization", Of($"{{{Entry("a", "U8", shape, "[0,1]")}}}", 1));

    [Theory]
    [InlineData("F128")]
    [InlineData("f32")]
    [InlineData("4")]
    [InlineData("F32,I32")]
    [InlineData("")]
    public void An_unknown_dtype_is_refused(string dtype) =>
        Refused("InvalidHeaderDeserialization", Of($"{{{Entry("a", dtype, "[1]", "[0,4]")}}}", 4));

    [Fact]
    public void Nesting_deeper_than_the_format_needs_is_refused()
    {
        Refused("InvalidHeaderDeserialization", Of($"{{{Entry("a", "U8", "[[1]]", "[0,1]")}}}", 1));
        Refused("InvalidHeaderDeserialization", Of("{\"a\":" + new string('[', 1_000_000) + new string(']', 1_000_000) + "}", 0));
        Refused("InvalidHeaderDeserialization",
            Of(string.Concat(Enumerable.Repeat("{\"a\":", 1_000_000)) + "1" + new string('}', 1_000_000), 0));
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a", "\\u0061")]
    public void Two_tensors_of_one_name_are_refused(string first, string second) =>
        Refused("DuplicateKey", Of($"{{{Entry(first, "U8", "[1]", "[0,1]")},{Entry(second, "U8", "[1]", "[1,2]")}}}", 2));

    [Theory]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,1]}}")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"data\\u005foffsets\":[0,1]}}")]
    [InlineData("{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}")]
    [InlineData("{\"__metadata__\":{},\"__metadata__\":{}}")]
    public void A_key_that_occurs_twice_inside_an_object_is_refused(string header) => Refused("DuplicateKey", Of(header, 1));

    [Theory]
    [InlineData("{\"__metadata__\":{\"step\":1}}")]
    [InlineData("{\"__metadata__\":{\"step\":null}}")]
    [InlineData("{\"__metadata__\":{\"step\":{}}}")]
    [InlineData("{\"__metadata__\":\"pt\"}")]
    [InlineData("{\"__metadata__\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}")]
    public void Metadata_that_is_not_a_map_of_strings_is_refused(string header) => Refused("InvalidHeaderDeserialization", Of(header, 1));

    [Theory]
    [InlineData("[1]", "[0,1]", "[2,3]", 3)] // a hole
    [InlineData("[1]", "[1,2]", "[2,3]", 3)] // a hole at the start
    [InlineData("[2]", "[0,2]", "[1,2]", 2)] // an overlap
    [InlineData("[1]", "[0,1]", "[0,1]", 1)] // the same bytes twice
    [InlineData("[1]", "[1,0]", "[0,1]", 1)] // end before begin
    [InlineData("[1]", "[9223372036854775807,1]", "[0,1]", 2)]
    public void Holes_overlaps_and_reversed_offsets_are_refused(string shape, string first, string second, int dataLength) =>
        Refused("InvalidOffset", Of($"{{{Entry("a", "U8", shape, first)},{Entry("b", "U8", "[1]", second)}}}", dataLength));

    [Fact]
    public void Many_names_on_the_same_bytes_are_refused()
    {
        string entries = string.Join(',', Enumerable.Range(0, 1000).Select(i => Entry($"t{i}", "U8", "[64]", "[0,64]")));
        Refused("InvalidOffset", Of($"{{{entries}}}", 64));
    }

    [Theory]
    [InlineData("U8", "[4294967296,4294967296]")]
    [InlineData("F64", "[1152921504606846976]")]
    [InlineData("U8", "[9223372036854775807,9223372036854775807,0]")]
    [InlineData("F64", "[4611686018427387904,2]")]
    public void A_shape_whose_size_overflows_is_refused(string dtype, string shape) =>
        Refused("ValidationOverflow", Of($"{{{Entry("a", dtype, shape, "[0,0]")}}}", 0));

    [Theory]
    [InlineData("F4", "[3]", 1)]
    [InlineData("F4", "[3]", 2)]
    [InlineData("F6_E2M3", "[2]", 1)]
    [InlineData("F6_E3M2", "[3]", 2)]
    public void Packed_elements_that_end_inside_a_byte_are_refused(string dtype, string shape, int length) =>
        Refused("MisalignedSlice", Of($"{{{Entry("a", dtype, shape, $"[0,{length}]")}}}", length));

    [Theory]
    [InlineData("F32", "[2]", 7)]
    [InlineData("F32", "[2]", 9)]
    [InlineData("U8", "[0]", 1)]
    [InlineData("BF16", "[]", 1)]
    [InlineData("F32", "[4611686018427387905]", 4)]
    public void A_shape_that_disagrees_with_the_offsets_is_refused(string dtype, string shape, int length)
    {
        // The last case overflows 64 bits of bytes to exactly 4.
        string rule = shape.Length > 12 ? "ValidationOverflow" : "TensorInvalidInfo";
        Refused(rule, Of($"{{{Entry("a", dtype, shape, $"[0,{length}]")}}}", length));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(4096)]
    public void A_truncated_file_and_trailing_bytes_are_refused(int dataLength) =>
        Refused("MetadataIncompleteBuffer", Of($"{{{Entry("a", "F32", "[1]", "[0,4]")}}}", dataLength));

    [Fact]
    public void A_file_that_is_also_an_archive_is_refused()
    {
        byte[] good = Of($"{{{Entry("a", "U8", "[1]", "[0,1]")}}}", 1);
        byte[] archive = [.. good, .. "PK\u0005\u0006"u8, .. new byte[18]];
        Refused("MetadataIncompleteBuffer", archive);
    }

    [Fact]
    public void A_file_of_every_dtype_scalars_and_empty_tensors_is_read()
    {
        var header = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\",\"na\\u006de\":\"\\u00e4\"}");
        int offset = 0;
        foreach (DType type in Enum.GetValues<DType>())
        {
            int end = offset + (16 * type.Bits() / 8);
            header.Append(',').Append(Entry(type.ToString(), type.ToString(), "[2,8]", $"[{offset},{end}]"));
            offset = end;
        }
        header.Append(',').Append(Entry("scalar", "F32", "[]", $"[{offset},{offset + 4}]"));
        header.Append(',').Append(Entry("empty", "F32", "[3,0]", $"[{offset},{offset}]"));
        header.Append("}     ");

        using SafeTensorsFile file = SafeTensorsFile.FromMemory(Of(header.ToString(), offset + 4));

        Assert.Equal(Enum.GetValues<DType>().Length + 2, file.Tensors.Count);
        Assert.Equal(DType.F8_E8M0, file.Tensors["F8_E8M0"].DType);
        Assert.Equal(8, file.Tensors["F4"].ByteLength);
        Assert.Equal(1, file.Tensors["scalar"].ElementCount);
        Assert.Equal([3, 0], file.Tensors["empty"].Shape);
        Assert.True(file.Bytes("empty").IsEmpty);
        Assert.Equal("ä", file.Metadata["name"]);
    }

    [Fact]
    public void A_file_without_tensors_is_read()
    {
        using SafeTensorsFile file = SafeTensorsFile.FromMemory(Of("{}", 0));
        Assert.Empty(file.Tensors);
        Assert.Empty(file.Metadata);
    }

    [Fact]
    public void Any_single_damaged_byte_of_the_header_is_refused_or_leaves_a_consistent_file()
    {
        byte[] good = Of($"{{{Entry("a", "BF16", "[2,3]", "[0,12]")},{Entry("b", "U8", "[5]", "[12,17]")}}}   ", 17);
        for (int i = 0; i < good.Length - 17; i++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                byte[] damaged = [.. good];
                damaged[i] ^= (byte)(1 << bit);
                try
                {
                    using SafeTensorsFile file = SafeTensorsFile.FromMemory(damaged);
                    Assert.Equal(17, file.Tensors.Values.Sum(tensor => tensor.ByteLength));
                    Assert.All(file.Tensors.Values, tensor =>
                        Assert.Equal(tensor.ByteLength * 8, tensor.ElementCount * tensor.DType.Bits()));
                }
                catch (SafeTensorsException)
                {
                    continue;
                }
            }
        }
    }

    private static void Refused(string rule, byte[] file)
    {
        var exception = Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.FromMemory(file).Dispose());
        Assert.Equal(rule, exception.Rule);
        Assert.Null(exception.Path);
    }
}
