using System.Text;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Editing;

namespace QuantBuild.Tests.Manifests;

/// <summary>Edits of a manifest's text change what they name and nothing else.</summary>
public sealed class ManifestEditorTests
{
    private const string File = "/project/model.quant.json";

    [Fact]
    public void A_value_is_replaced_where_it_stands()
    {
        string text = "{ // a\n  \"gates\": { \"ä\": 1, /* b */ \"x\": 0.25 } // c\n}";

        Assert.Equal(text.Replace("0.25", "7"), Edit(text, editor => editor.Replace(new SourceSpan(File, 2, 35), "7")));
        Assert.Throws<ArgumentException>(() => Edit(text, editor => editor.Replace(new SourceSpan(File, 2, 36), "7")));
    }

    [Theory]
    [InlineData("{\n  \"l\": []\n}", "{\n  \"l\": [\n    A,\n    B\n  ]\n}")]
    [InlineData("{\n  \"l\": [\n  ]\n}", "{\n  \"l\": [\n    A,\n    B\n  ]\n}")]
    [InlineData("{\n  \"l\": [1, 2]\n}", "{\n  \"l\": [1, 2,\n    A,\n    B\n  ]\n}")]
    [InlineData("{\n  \"l\": [\n    1 // one\n  ]\n}", "{\n  \"l\": [\n    1, // one\n    A,\n    B\n  ]\n}")]
    [InlineData("{\n  \"l\": [\n    1 /* , */, // one, two\n  ],\n}", "{\n  \"l\": [\n    1 /* , */, // one, two\n    A,\n    B,\n  ],\n}")]
    [InlineData("{\n  \"l\": [\n    // nothing yet\n  ]\n}", "{\n  \"l\": [\n    // nothing yet\n    A,\n    B\n  ]\n}")]
    [InlineData("{\n\t\"l\": [\n\t\t1\n\t]\n}", "{\n\t\"l\": [\n\t\t1,\n\t\tA,\n\t\tB\n\t]\n}")]
    [InlineData("{\r\n  \"l\": [\r\n    1\r\n  ]\r\n}\r\n", "{\r\n  \"l\": [\r\n    1,\r\n    A,\r\n    B\r\n  ]\r\n}\r\n")]
    [InlineData("{\n  \"k\": 1 // one\n}\n", "{\n  \"k\": 1, // one\n  \"l\": [\n    A,\n    B\n  ]\n}\n")]
    [InlineData("{ \"k\": 1 }", "{ \"k\": 1,\n  \"l\": [\n    A,\n    B\n  ]\n}")]
    public void Items_go_behind_the_last_one_and_comments_stay(string text, string expected)
    {
        // The editor does not look at what it inserts: short names do.
        Assert.Equal(expected, Edit(text, editor => editor.Append("l", ["A", "B"])));
    }

    [Fact]
    public void A_comment_may_come_before_the_items() =>
        Assert.Equal("{\n  \"l\": [\n    // why\n    A\n  ]\n}", Edit("{\n  \"l\": []\n}", editor => editor.Append("l", ["A"], "why")));

    [Fact]
    public void Members_are_added_to_a_section_or_with_a_new_one()
    {
        Assert.Equal("{\n  \"gates\": {\n    \"a\": 1,\n    \"b\": 2\n  }\n}",
            Edit("{\n  \"gates\": {\n    \"a\": 1\n  }\n}", editor => editor.Extend("gates", ["\"b\": 2"])));
        Assert.Equal("{\n  \"k\": 0,\n  \"gates\": { \"b\": 2 }\n}",
            Edit("{\n  \"k\": 0\n}", editor => editor.Extend("gates", ["\"b\": 2"])));
    }

    [Fact]
    public void A_byte_order_mark_stays()
    {
        byte[] text = [0xEF, 0xBB, 0xBF, .. "{ \"a\": 1 }"u8];
        var editor = new ManifestEditor(File, text);

        editor.Replace(new SourceSpan(File, 1, 8), "2");

        Assert.Equal([0xEF, 0xBB, 0xBF, .. "{ \"a\": 2 }"u8], editor.ToText());
    }

    private static string Edit(string text, Action<ManifestEditor> change)
    {
        var editor = new ManifestEditor(File, Encoding.UTF8.GetBytes(text));
        change(editor);
        return Encoding.UTF8.GetString(editor.ToText());
    }
}
