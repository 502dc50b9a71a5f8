using System.Buffers.Binary;
using System.Text;
using QuantBuild.SafeTensors;

namespace QuantBuild.Text;

/// <summary>Reads the unigram model of a SentencePiece <c>spiece.model</c>, a protocol buffer.</summary>
/// <remarks>
/// Fields used, by the numbers of <c>sentencepiece_model.proto</c>: pieces (1) with piece (1), score (2) and type (3); trainer_spec (2)
/// with model_type (3) and byte_fallback (35); normalizer_spec (3) with precompiled_charsmap (2) and the three switches about spaces
/// (3, 4, 5), which must keep their default, true.
/// </remarks>
internal static class SentencePieceModel
{
    private const int Unigram = 1;

    public static UnigramModel Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        try
        {
            return Read(bytes);
        }
        catch (InvalidDataException e)
        {
            string? kind = ForeignFile.Describe(bytes.AsSpan(0, Math.Min(bytes.Length, ForeignFile.Sample)));
            throw new InvalidDataException($"{path}: {(kind is null ? e.Message : $"this is no SentencePiece model but {kind}")}", e);
        }
    }

    private static UnigramModel Read(ReadOnlySpan<byte> file)
    {
        var pieces = new List<VocabularyPiece>();
        bool byteFallback = false;
        CharacterMap? map = null;
        var message = new ProtocolBuffer(file);
        while (message.Next())
        {
            if (message is { Field: 1, IsBytes: true })
                pieces.Add(Piece(message.Bytes));
            else if (message is { Field: 2, IsBytes: true })
                byteFallback = Trainer(message.Bytes);
            else if (message is { Field: 3, IsBytes: true })
                map = Normalizer(message.Bytes);
        }
        if (pieces.Count == 0)
            throw new InvalidDataException("the model has no pieces");
        return new UnigramModel(pieces, byteFallback, map);
    }

    private static VocabularyPiece Piece(ReadOnlySpan<byte> data)
    {
        (string text, float score, ulong type) = ("", 0, 1);
        var message = new ProtocolBuffer(data);
        while (message.Next())
        {
            if (message is { Field: 1, IsBytes: true })
                text = Encoding.UTF8.GetString(message.Bytes);
            else if (message.Field == 2)
                score = BitConverter.UInt32BitsToSingle((uint)message.Number);
            else if (message.Field == 3)
                type = message.Number;
        }
        PieceKind kind = type switch
        {
            1 => PieceKind.Normal,
            2 => PieceKind.Unknown,
            3 => PieceKind.Control,
            5 => PieceKind.Unused,
            6 => PieceKind.Byte,
            _ => throw new InvalidDataException($"piece '{text}' is of the kind {type}, which is not supported"),
        };
        return new VocabularyPiece(text, score, kind);
    }

    private static bool Trainer(ReadOnlySpan<byte> data)
    {
        (ulong type, bool byteFallback) = (Unigram, false);
        var message = new ProtocolBuffer(data);
        while (message.Next())
        {
            if (message.Field == 3)
                type = message.Number;
            else if (message.Field == 35)
                byteFallback = message.Number != 0;
        }
        return type == Unigram
            ? byteFallback
            : throw new InvalidDataException($"the model is of the type {type}; only unigram models, {Unigram}, are supported");
    }

    private static CharacterMap? Normalizer(ReadOnlySpan<byte> data)
    {
        CharacterMap? map = null;
        var message = new ProtocolBuffer(data);
        while (message.Next())
        {
            if (message is { Field: 2, IsBytes: true })
                map = message.Bytes.IsEmpty ? null : new CharacterMap(message.Bytes);
            else if (message is { Field: >= 3 and <= 5, IsBytes: false, Number: 0 })
                throw new InvalidDataException("the model keeps spaces as they are, which is not supported");
        }
        return map;
    }

    /// <summary>Walks over the fields of one message.</summary>
    private ref struct ProtocolBuffer(ReadOnlySpan<byte> data)
    {
        private ReadOnlySpan<byte> _rest = data;

        public int Field { get; private set; }

        public bool IsBytes { get; private set; }

        public ReadOnlySpan<byte> Bytes { get; private set; }

        public ulong Number { get; private set; }

        public bool Next()
        {
            if (_rest.IsEmpty)
                return false;
            ulong tag = Varint();
            Field = (int)Math.Min(tag >> 3, int.MaxValue);
            IsBytes = (tag & 7) == 2;
            switch (tag & 7)
            {
                case 0:
                    Number = Varint();
                    break;
                case 1:
                    Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                    break;
                case 2:
                    Bytes = Take(Varint());
                    break;
                case 5:
                    Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                    break;
                default:
                    throw new InvalidDataException("the file is not a protocol buffer");
            }
            return true;
        }

        private ulong Varint()
        {
            ulong value = 0;
            for (int shift = 0; shift < 64; shift += 7)
            {
                byte next = Take(1)[0];
                value |= (ulong)(next & 0x7F) << shift;
                if (next < 0x80)
                    return value;
            }
            throw new InvalidDataException("the file is not a protocol buffer");
        }

        private ReadOnlySpan<byte> Take(ulong length)
        {
            if (length > (ulong)_rest.Length)
                throw new InvalidDataException("the file ends within a field");
            ReadOnlySpan<byte> taken = _rest[..(int)length];
            _rest = _rest[(int)length..];
            return taken;
        }
    }
}
