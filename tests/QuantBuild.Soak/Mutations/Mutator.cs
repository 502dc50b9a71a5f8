using System.Text;

namespace QuantBuild.Soak.Mutations;

/// <summary>Damages texts of JSON, as disks, editors and enemies do; equal random numbers give equal damage.</summary>
internal static class Mutator
{
    private static readonly byte[][] Pieces =
    [
        .. ((string[])["{", "}", "[", "]", ",", ":", "\"", "//", "/*", "null", "true", "false", "-1", "0", "-0.0", "1e999", "1e-999", "0.5",
            "1.5e3", "9223372036854775807",
            "9223372036854775808", "18446744073709551615", "-9223372036854775808", "2147483648", "\"\"", "\"x\"", "{}", "[]", "[[]]",
                "{\"a\":1}", "{\"a\":1,\"a\":2}", "\\u0000",
            "\"\\ud800\"", "\\udc00", "\uFFFD", "𝄞", "\n", "\r\n", "\t", "\0", "\u001b[31m", "hf://", "..", "/", "-",
                "sha256"]).Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF],
        Encoding.UTF8.GetBytes(new string('[', 100)), Encoding.UTF8.GetBytes(new string('9', 2000)),
            Encoding.UTF8.GetBytes($"\"{new string('x', 5000)}\""),
    ];

    /// <summary>A damaged copy: one to three damages, one most of the time.</summary>
    public static byte[] Damage(byte[] seed, Random random)
    {
        byte[] text = seed;
        for (int rounds = random.Next(4) == 0 ? random.Next(2, 4) : 1; rounds > 0; rounds--)
            text = Once(text, random);
        return text;
    }

    private static byte[] Once(byte[] text, Random random)
    {
        if (text.Length == 0)
            return Pick(random);
        int start = random.Next(text.Length);
        switch (random.Next(10))
        {
            case 0:
                byte[] flipped = [.. text];
                flipped[start] = (byte)random.Next(256);
                return flipped;
            case 1:
                return text[..start];
            case 2:
                return Splice(text, start, random.Next(1 + Math.Min(40, text.Length - start)), []);
            case 3:
                int length = random.Next(1 + Math.Min(80, text.Length - start));
                return Splice(text, random.Next(text.Length), 0, text.AsSpan(start, length));
            case 4 or 5:
                return Splice(text, start, random.Next(1 + Math.Min(20, text.Length - start)), Pick(random));
            default:
                // Another value where one is: what keeps the text JSON gets deepest into a reader.
                (int first, int count) = ValueAt(text, start);
                return Splice(text, first, count, random.Next(4) == 0 ? Value(text, random) : Pick(random));
        }
    }

    /// <summary>The scalar at or after a place, or its next bracket.</summary>
    private static (int Start, int Length) ValueAt(byte[] text, int place)
    {
        int start = text.AsSpan(place).IndexOfAnyInRange((byte)'!', (byte)'~');
        start = start < 0 ? place : place + start;
        int end = start;
        if (text[start] == (byte)'"')
        {
            int close = text.AsSpan(start + 1).IndexOf((byte)'"');
            end = close < 0 ? text.Length : start + 1 + close + 1;
        }
        else
        {
            while (end < text.Length && (char.IsAsciiLetterOrDigit((char)text[end]) || text[end] is (byte)'.' or (byte)'-' or (byte)'+'))
                end++;
        }
        return (start, Math.Max(end, Math.Min(start + 1, text.Length)) - start);
    }

    private static byte[] Value(byte[] text, Random random)
    {
        (int start, int length) = ValueAt(text, random.Next(text.Length));
        return text.AsSpan(start, length).ToArray();
    }

    private static byte[] Pick(Random random) => Pieces[random.Next(Pieces.Length)];

    private static byte[] Splice(byte[] text, int start, int removed, ReadOnlySpan<byte> inserted) =>
        [.. text.AsSpan(0, start), .. inserted, .. text.AsSpan(start + removed)];
}
