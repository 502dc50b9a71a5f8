using System.Text.Json;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tests.Diagnostics;

public sealed class PrintableTextTests
{
    [Theory]
    [InlineData("a name", "a name")]
    [InlineData("Größe 日本語 🙂", "Größe 日本語 🙂")]
    [InlineData("C:\\models\\a::b", "C:\\models\\a::b")]
    [InlineData("a#b ##", "a#b ##")]
    [InlineData("\u001b[31mred", "\\u001b[31mred")]
    [InlineData("a\u0000\u0007\u007f\u009b", "a\\u0000\\u0007\\u007f\\u009b")]
    [InlineData("a\nb\r\nc\td", "a\\u000ab\\u000d\\u000ac\\u0009d")]
    [InlineData("\u202egpj.exe\u2066\u200b\ufeff\u061c", "\\u202egpj.exe\\u2066\\u200b\\ufeff\\u061c")]
    [InlineData("a\u2028b\u2029\u0085", "a\\u2028b\\u2029\\u0085")]
    [InlineData("tag\U000E0041", "tag\\udb40\\udc41")]
    [InlineData("::error::forged", "\\u003a:error::forged")]
    [InlineData(" \u00a0::add-mask::x", " \u00a0\\u003a:add-mask::x")]
    [InlineData("x ##vso[task.complete]", "x \\u0023#vso[task.complete]")]
    [InlineData("##[error]x ##teamcity[y]", "\\u0023#[error]x \\u0023#teamcity[y]")]
    [InlineData("###[group]", "#\\u0023#[group]")]
    public void Text_is_one_line_that_does_nothing(string text, string shown)
    {
        Assert.Equal(shown, PrintableText.Line(text));
        Assert.Equal(shown, PrintableText.Line(shown));
    }

    [Fact]
    public void A_part_of_a_line_may_look_like_a_command() =>
    Assert.Equal("::a ##vso[b] \\u001b\\u202e\\u000a", PrintableText.Part("::a ##vso[b] \u001b\u202e\n"));

    [Fact]
    public void Halves_of_pairs_are_shown_as_their_codes() => Assert.Equal("\\ud83dx\\ude42", PrintableText.Line("\ud83dx\ude42"));

    [Fact]
    public void Text_of_several_lines_keeps_them_and_none_is_a_command() =>
        Assert.Equal("a\n  \\u003a:error::b\r\nc\td\\u000d\\u001b", PrintableText.Lines("a\n  ::error::b\r\nc\td\r\u001b"));

    [Fact]
    public void What_continues_a_line_does_not_begin_one() =>
    Assert.Equal("::b\n\\u003a:c", PrintableText.Lines("::b\n::c", beginsLine: false));

    [Fact]
    public void Json_keeps_its_value()
    {
        const string Value = "\u202e ##vso[x] \u200b 🙂";
        string json = "{\"a\":\"" + Value + "\"}";

        Assert.NotEqual(json, PrintableText.Line(json));
        Assert.Equal(Value, JsonDocument.Parse(PrintableText.Line(json)).RootElement.GetProperty("a").GetString());
    }

    [Fact]
    public void A_diagnostic_is_one_harmless_line_whatever_names_are_in_it()
    {
        var diagnostic = Descriptors.ArtifactDamaged.At(new SourceSpan("::error::\u001b.json", 1, 2), "a\nb\u202e", "##vso[task.complete]");

        Assert.Equal(
            "\\u003a:error::\\u001b.json(1,2): error QB4011: 'a b\\u202e' is not the file its artifact.json describes: "
                + "\\u0023#vso[task.complete]", diagnostic.ToString());
        Assert.DoesNotContain('\u202e', new DiagnosticException(diagnostic).Message);
    }
}
