using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Tests.Manifests;

/// <summary>What the published schema and the manual must say of a setting.</summary>
internal static class SettingSchema
{
    /// <summary>The setting as a property of a JSON Schema.</summary>
    public static JsonObject Of(RecipeSetting setting)
    {
        var schema = new JsonObject { ["description"] = Description(setting) };
        foreach ((string name, JsonNode? value) in Constraints(setting.Kind))
            schema[name] = value?.DeepClone();
        schema["default"] = setting.Kind.ToJson(setting.Fallback);
        return schema;
    }

    /// <summary>The setting's row of the manual.</summary>
    public static string RowOf(RecipeSetting setting)
    {
        JsonNode usual = setting.Kind.ToJson(setting.Fallback);
        string value = usual is JsonArray list
            ? $"`[{string.Join(", ", list.Select(item => setting.Kind is NumbersKind ? Fraction((double)item!) : item!.ToJsonString()))}]`"
            : usual is JsonValue text && setting.Kind is IChoiceKind or FlagKind
            ? $"`{usual}`"
            : Number((double)Convert.ChangeType(setting.Fallback, typeof(double), CultureInfo.InvariantCulture));
        return $"| `{setting.Key}` | {Words(setting.Kind)} | {value} | {setting.Meaning} | {setting.Redone} |";
    }

    private static string Description(RecipeSetting setting)
    {
        string text = setting.Meaning.Replace("`", "", StringComparison.Ordinal) + ".";
        return setting.Meaning[0] == '`' ? text : char.ToUpperInvariant(text[0]) + text[1..];
    }

    private static JsonObject Constraints(SettingKind kind) => kind switch
    {
        FlagKind => new JsonObject { ["type"] = "boolean" },
        NumberKind number => Of("number", number.Range),
        IntegerKind { IsPowerOfTwo: true } powers => new JsonObject
        {
            ["type"] = "integer",
            ["enum"] = new JsonArray([.. Enumerable.Range(0, 31).Select(bit => 1 << bit)
                .Where(value => value >= powers.Min && value <= powers.Max).Select(value => (JsonNode)value)]),
        },
        IntegerKind whole => Of(whole.Min, whole.Max),
        RankKind rank => new JsonObject
        {
            ["anyOf"] = new JsonArray(Of(0, rank.Max),
                new JsonObject { ["type"] = "string", ["enum"] = new JsonArray(RankKind.AutoName) }),
        },
        BytesKind bytes => new JsonObject
        {
            ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "string", ["pattern"] = "^[0-9]+ ?([KMGT]i?)?B$" },
                new JsonObject { ["type"] = "integer", ["minimum"] = 0, ["maximum"] = bytes.Max }),
        },
        IChoiceKind choice => new JsonObject
        {
            ["type"] = "string", ["enum"] = new JsonArray([.. choice.Values.Names.Select(name => (JsonNode)name)]),
        },
        NumbersKind numbers => List(Of("number", numbers.Range)),
        IntegersKind whole => List(Of(whole.Min, whole.Max)),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static JsonObject Of(string type, Interval range) => new()
    {
        ["type"] = type, [range.AboveMin ? "exclusiveMinimum" : "minimum"] = range.Min, ["maximum"] = range.Max,
    };

    private static JsonObject Of(int min, int max) => new() { ["type"] = "integer", ["minimum"] = min, ["maximum"] = max };

    private static JsonObject List(JsonObject item) =>
        new() { ["type"] = "array", ["minItems"] = 1, ["uniqueItems"] = true, ["items"] = item };

    private static string Words(SettingKind kind) => kind switch
    {
        FlagKind => "`true`, `false`",
        NumberKind number => Words(number.Range),
        IntegerKind { IsPowerOfTwo: true } powers => $"power of two, {powers.Min} to {powers.Max}",
        IntegerKind whole => $"{whole.Min} to {whole.Max}",
        RankKind rank => $"0 to {rank.Max}, or `{RankKind.AutoName}`",
        BytesKind => "bytes, or text such as `4MiB`",
        IChoiceKind choice => string.Join(", ", choice.Values.Names.Select(name => $"`{name}`")),
        NumbersKind numbers => $"ascending list, {Words(numbers.Range)}",
        IntegersKind whole => $"ascending list, {whole.Min} to {whole.Max}",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static string Words(Interval range) => $"{(range.AboveMin ? "above " : "")}{Number(range.Min)} to {Number(range.Max)}";

    private static string Number(double value) => value.ToString("0.#######", CultureInfo.InvariantCulture);

    private static string Fraction(double value) => value.ToString("0.0##", CultureInfo.InvariantCulture);
}
