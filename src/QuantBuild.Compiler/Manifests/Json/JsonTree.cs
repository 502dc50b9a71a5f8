using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests.Json;

/// <summary>Parses JSON with comments and trailing commas into a tree that knows where everything is.</summary>
internal static class JsonTree
{
    private static readonly JsonReaderOptions Options = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        MaxDepth = 64,
    };

    /// <summary>The root value, or null and one problem: after a syntax error nothing that follows can be trusted.</summary>
    /// <param name="file">Name of the file in spans.</param>
    /// <param name="utf8">Its content; a byte order mark is skipped.</param>
    /// <param name="problems">Receives what is wrong.</param>
    public static ManifestNode? Parse(string file, ReadOnlySpan<byte> utf8, ICollection<Diagnostic> problems)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        ReadOnlySpan<byte> text = utf8.StartsWith(mark) ? utf8[mark.Length..] : utf8;
        if (!Utf8.IsValid(text))
        {
            int valid = ValidPrefix(text);
            problems.Add(Descriptors.ManifestNotUtf8.At(new LineMap(file, text[..valid]).At(valid)));
            return null;
        }

        var lines = new LineMap(file, text);
        var reader = new Utf8JsonReader(text, Options);
        try
        {
            reader.Read();
            ManifestNode root = Value(ref reader, lines);
            reader.Read();
            return root;
        }
        catch (JsonException error)
        {
            problems.Add(Descriptors.SyntaxError.At(lines.At(error.LineNumber ?? 0, error.BytePositionInLine ?? 0), Reason(error)));
        }
        catch (InvalidOperationException)
        {
            // The reader unescapes late, and meets a lone surrogate such as "\ud800" only then.
            problems.Add(Descriptors.SyntaxError.At(lines.At(reader.TokenStartIndex), "The text contains half of a surrogate pair."));
        }
        return null;
    }

    private static ManifestNode Value(ref Utf8JsonReader reader, LineMap lines)
    {
        int start = (int)reader.TokenStartIndex;
        ManifestNode value = Content(ref reader, lines);
        value.Extent = start..(int)reader.BytesConsumed;
        return value;
    }

    private static ManifestNode Content(ref Utf8JsonReader reader, LineMap lines)
    {
        SourceSpan span = lines.At(reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var members = ImmutableArray.CreateBuilder<ManifestMember>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    SourceSpan place = lines.At(reader.TokenStartIndex);
                    string name = reader.GetString()!;
                    reader.Read();
                    members.Add(new ManifestMember(name, place, Value(ref reader, lines)));
                }
                return new ManifestObject(span, members.ToImmutable());
            case JsonTokenType.StartArray:
                var items = ImmutableArray.CreateBuilder<ManifestNode>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    items.Add(Value(ref reader, lines));
                return new ManifestArray(span, items.ToImmutable());
            case JsonTokenType.String:
                return new ManifestText(span, reader.GetString()!);
            case JsonTokenType.Number:
                return new ManifestNumber(span, Encoding.UTF8.GetString(reader.ValueSpan));
            case JsonTokenType.True or JsonTokenType.False:
                return new ManifestBoolean(span, reader.GetBoolean());
            default:
                return new ManifestNull(span);
        }
    }

    private static int ValidPrefix(ReadOnlySpan<byte> text)
    {
        int valid = 0;
        while (Rune.DecodeFromUtf8(text[valid..], out _, out int length) == OperationStatus.Done)
            valid += length;
        return valid;
    }

    /// <summary>The base library appends the position, which the diagnostic has already.</summary>
    private static string Reason(JsonException error)
    {
        int position = error.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return position < 0 ? error.Message : error.Message[..position];
    }
}
