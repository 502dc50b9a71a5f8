using Google.Protobuf;

namespace QuantBuild.Compiler.Store.Remote.Http;

/// <summary>
/// A record as the message <c>ActionResult</c> of <c>build.bazel.remote.execution.v2</c>, which servers of Bazel's cache check: its outputs
/// as <c>output_files</c> (field 2: <c>path</c> 1, <c>digest</c> 2 with <c>hash</c> 1 and <c>size_bytes</c> 2), and the record itself, with
/// its checksum, as <c>stdout_raw</c> (field 5).
/// </summary>
internal static class ActionResultMessage
{
    /// <summary>Bytes of the longest message that is read.</summary>
    public const int LongestMessage = 16 << 20;

    private const int OutputFiles = 2, Path = 1, FileDigest = 2, Hash = 1, SizeBytes = 2, StandardOutput = 5;

    /// <summary>The message.</summary>
    public static byte[] Of(ActionRecord record)
    {
        using var bytes = new MemoryStream();
        using (var message = new CodedOutputStream(bytes, leaveOpen: true))
        {
            foreach ((string name, BlobRef blob) in record.Outputs.OrderBy(output => output.Key, StringComparer.Ordinal))
                Write(message, OutputFiles, file => WriteFile(file, name, blob));
            message.WriteTag(StandardOutput, WireFormat.WireType.LengthDelimited);
            message.WriteBytes(ByteString.CopyFrom(record.ToJson(_ => null)));
        }
        return bytes.ToArray();
    }

    /// <summary>Reads a message; null when it is none, or not one of the record with this key.</summary>
    public static ActionRecord? Parse(byte[] message, Digest key)
    {
        try
        {
            using var fields = new CodedInputStream(message);
            ByteString? record = null;
            for (uint tag; (tag = fields.ReadTag()) != 0;)
            {
                if (WireFormat.GetTagFieldNumber(tag) == StandardOutput
                    && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
                    record = fields.ReadBytes();
                else
                    fields.SkipLastField();
            }
            return record is null ? null : ActionRecord.Parse(record.Span, key);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static void WriteFile(CodedOutputStream file, string name, BlobRef blob)
    {
        file.WriteTag(Path, WireFormat.WireType.LengthDelimited);
        file.WriteString(name);
        Write(file, FileDigest, digest =>
        {
            digest.WriteTag(Hash, WireFormat.WireType.LengthDelimited);
            digest.WriteString(blob.Digest.ToString());
            digest.WriteTag(SizeBytes, WireFormat.WireType.Varint);
            digest.WriteInt64(blob.Size);
        });
    }

    /// <summary>Writes a message inside a message.</summary>
    private static void Write(CodedOutputStream outer, int field, Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var inner = new CodedOutputStream(bytes, leaveOpen: true))
            write(inner);
        outer.WriteTag(field, WireFormat.WireType.LengthDelimited);
        outer.WriteBytes(ByteString.CopyFrom(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
    }
}
