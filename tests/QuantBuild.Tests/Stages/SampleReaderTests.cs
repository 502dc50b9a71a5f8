using System.Text;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Samples;

namespace QuantBuild.Tests.Stages;

/// <summary>Sample sets are read as strictly as manifests.</summary>
public sealed class SampleReaderTests : IDisposable
{
    private readonly string _set = Path.Combine(Directory.CreateTempSubdirectory("qb-set").FullName, "set.jsonl");

    [Fact]
    public void A_line_has_defaults_and_a_path_relative_to_the_set()
    {
        SampleLine line =
            Assert.Single(
                Read("""{"id": 3, "prompt": "a star", "image": "pictures\\0.png", "seed": 9223372036854775807, "tokens": [1, 2]}"""));
        Assert.Equal((3, "a star", long.MaxValue, 81, 832, 480), (line.Id, line.Prompt, line.Seed, line.Frames, line.Width, line.Height));
        Assert.Equal(Path.Combine(Path.GetDirectoryName(_set)!, "pictures", "0.png"), line.Image);
    }

    [Theory]
    [InlineData("""{"id": 0, "prompt": "a star", "widht": 96}""", 31, "did you mean 'width'?")]
    [InlineData("""{"id": 0, "prompt": "a star", "frame": 5}""", 31, "did you mean 'frames'?")]
    [InlineData("""{"id": 0, "prompt": "a star", "negative_prompt": "x"}""", 31, "known keys are id, prompt")]
    [InlineData("""{"id": 0, "prompt": "a star", "seed": 1, "seed": 2}""", 42, "already given")]
    [InlineData("""{"id": 0}""", 1, "'prompt' is missing")]
    [InlineData("""{"prompt": "a"}""", 1, "'id' is missing")]
    [InlineData("""{"id": "0", "prompt": "a"}""", 8, "'id' must be a whole number")]
    [InlineData("""{"id": 0, "prompt": "a", "frames": 0}""", 36, "'frames' is 0")]
    [InlineData("""{"id": 0, "prompt": "a", "width": 16385}""", 35, "between 1 and 16384")]
    [InlineData("""{"id": 0, "prompt": "a", "seed": 1.5}""", 34, "whole number")]
    [InlineData("""{"id": 0, "prompt": "a", "image": " "}""", 35, "no path")]
    [InlineData("{\"id\": 0, \"prompt\": \"a\ufffdb\"}", 21, "U+FFFD")]
    [InlineData("""{"id": 0, "prompt": "a"} {"id": 1, "prompt": "b"}""", 26, "")]
    [InlineData("""["id"]""", 1, "an object")]
    [InlineData("""{"id": 0, "prompt": """, 21, "")]
    public void What_is_wrong_with_a_line_is_told_with_its_line_and_column(string line, int column, string expected)
    {
        Diagnostic problem = Assert.Single(Fails(Encoding.UTF8.GetBytes("{\"id\": 7, \"prompt\": \"fine\"}\n\n" + line)));
        Assert.Equal(("QB3102", 3, column), (problem.Descriptor.Code, problem.Span!.Value.Line, problem.Span.Value.Column));
        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_lines_that_are_wrong_are_told_at_once()
    {
        IReadOnlyList<Diagnostic> problems =
            Fails("{\"id\": 0}\n{\"id\": 1, \"prompt\": \"a\"}\n{\"id\": 1, \"prompt\": \"b\"}\n{\n"u8.ToArray());
        Assert.Equal([1, 3, 4], problems.Select(problem => problem.Span!.Value.Line));
        Assert.Contains("an earlier line, 2", problems[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_in_another_encoding_is_an_error_where_it_begins()
    {
        // GBK of a character whose two bytes are one of UTF-8, too, and the first byte of the next.
        byte[] gbk = [.. "\n{\"id\": 0, \"prompt\": \""u8, 0xD2, 0xBB, 0xB0, .. "\"}\n"u8];
        Diagnostic problem = Assert.Single(Fails(gbk));
        Assert.Equal(("QB3120", 2, 23), (problem.Descriptor.Code, problem.Span!.Value.Line, problem.Span.Value.Column));
        Assert.Contains("0xB0", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_kinds_of_UTF_16_are_named()
    {
        foreach (Encoding encoding in (Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode])
        {
            Diagnostic problem = Assert.Single(Fails([.. encoding.Preamble, .. encoding.GetBytes("{\"id\": 0, \"prompt\": \"a\"}")]));
            Assert.Equal("QB3120", problem.Descriptor.Code);
            Assert.Contains("UTF-16", problem.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_byte_order_mark_and_line_ends_of_Windows_are_fine()
    {
        byte[] text = [.. Encoding.UTF8.Preamble, .. "{\"id\": 0, \"prompt\": \"ä\"}\r\n\r\n{\"id\": 1, \"prompt\": \"b\"}\r\n"u8];
        File.WriteAllBytes(_set, text);
        Assert.Equal(["ä", "b"], SampleLine.Read(_set, origin: null).Select(line => line.Prompt));
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_set)!, recursive: true);

    private IReadOnlyList<SampleLine> Read(string text)
    {
        File.WriteAllText(_set, text);
        return SampleLine.Read(_set, origin: null);
    }

    private IReadOnlyList<Diagnostic> Fails(byte[] text)
    {
        File.WriteAllBytes(_set, text);
        return Assert.Throws<DiagnosticException>(() => SampleLine.Read(_set, origin: null)).Diagnostics;
    }
}
