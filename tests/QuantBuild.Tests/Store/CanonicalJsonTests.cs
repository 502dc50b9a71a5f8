using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

public class CanonicalJsonTests
{
    private static string Canonical(string json) => Encoding.UTF8.GetString(CanonicalJson.Serialize(JsonNode.Parse(json)));

    [Fact]
    public void Members_are_sorted_by_code_units_at_every_level_and_arrays_keep_their_order() =>
        Assert.Equal("""{"B":[3,1,2],"a":{"x":null,"y":true},"é":false}""",
            Canonical("""{ "é": false, "a": { "y": true, "x": null }, "B": [ 3, 1, 2 ] }"""));

    [Theory]
    [InlineData("1.0", "1")]
    [InlineData("-0", "0")]
    [InlineData("-0.0", "0")]
    [InlineData("1e2", "100")]
    [InlineData("0.10", "0.1")]
    [InlineData("1E-7", "1E-07")]
    [InlineData("0.30000000000000004", "0.30000000000000004")]
    [InlineData("18446744073709551615", "18446744073709551615")]
    [InlineData("9007199254740993", "9007199254740993")]
    public void A_number_has_one_spelling(string text, string expected) => Assert.Equal(expected, Canonical(text));

    [Fact]
    public void Equal_numbers_of_different_types_have_equal_digests()
    {
        JsonNode[] ones = [JsonValue.Create(1), JsonValue.Create(1L), JsonValue.Create(1.0), JsonValue.Create(1f), JsonValue.Create(1m),
            JsonValue.Create((byte)1)];

        Assert.Single(ones.Select(CanonicalJson.DigestOf).Distinct());
    }

    [Fact]
    public void A_float_is_spelled_by_its_own_shortest_text() =>
        Assert.Equal("0.1", Encoding.UTF8.GetString(CanonicalJson.Serialize(JsonValue.Create(0.1f))));

    [Fact]
    public void Every_finite_double_reads_back_bit_for_bit_and_its_spelling_is_stable()
    {
        var random = new Random(42);
        for (int i = 0; i < 20_000; i++)
        {
            double value = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            if (!double.IsFinite(value) || value == 0)
                continue;
            string text = Encoding.UTF8.GetString(CanonicalJson.Serialize(JsonValue.Create(value)));

            Assert.Equal(value, JsonNode.Parse(text)!.GetValue<double>());
            Assert.Equal(text, Canonical(text));
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_number_that_is_not_finite_is_refused(double value) =>
        Assert.ThrowsAny<ArgumentException>(() => CanonicalJson.Serialize(JsonValue.Create(value)));

    [Fact]
    public void Text_is_UTF8_with_only_the_escapes_that_JSON_requires()
    {
        JsonNode text = JsonValue.Create("a\"\\/\n\t\u0001<é→模\U0001F600");

        Assert.Equal("\"a\\\"\\\\/\\n\\t\\u0001<é→模\U0001F600\"", Encoding.UTF8.GetString(CanonicalJson.Serialize(text)));
    }

    [Fact]
    public void A_broken_surrogate_is_refused_instead_of_replaced() =>
        Assert.ThrowsAny<ArgumentException>(() => CanonicalJson.Serialize(new JsonObject { ["x\ud800"] = 1 }));

    [Theory]
    [InlineData("1e999")]
    [InlineData("-1e999")]
    public void A_number_that_no_double_holds_is_refused(string text) =>
        Assert.ThrowsAny<ArgumentException>(() => Canonical(text));

    [Fact]
    public void The_indented_form_has_LF_line_ends_and_reads_back_as_the_same_value()
    {
        JsonNode value = JsonNode.Parse("""{"b":[],"a":{"c":[1,{"d":2}]},"e":{}}""")!;

        string text = Encoding.UTF8.GetString(CanonicalJson.SerializeIndented(value));

        Assert.Equal(
            "{\n  \"a\": {\n    \"c\": [\n      1,\n      {\n        \"d\": 2\n      }\n    ]\n  },\n  \"b\": [],\n  \"e\": {}\n}\n", text);
        Assert.Equal(CanonicalJson.DigestOf(value), CanonicalJson.DigestOf(JsonNode.Parse(text)));
    }
}
