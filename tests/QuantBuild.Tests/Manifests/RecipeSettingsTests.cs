using System.Text.Json.Nodes;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Stages;

namespace QuantBuild.Tests.Manifests;

/// <summary>
/// Schema and manual say what the table of settings says; <c>QUANTBUILD_UPDATE_DOCS=1</c> writes them. The table itself is consistent.
/// </summary>
public sealed class RecipeSettingsTests
{
    private static bool Updates => Environment.GetEnvironmentVariable("QUANTBUILD_UPDATE_DOCS") == "1";

    public static TheoryData<string> Paths => [.. RecipeSettings.All.Select(setting => setting.Path)];

    [Theory]
    [MemberData(nameof(Paths))]
    public void The_schema_says_what_the_table_says(string path)
    {
        RecipeSetting setting = Setting(path);
        string file = Path.Combine(TestData.Root, "targets", "quant.schema.json");
        JsonNode schema = JsonNode.Parse(File.ReadAllText(file))!;
        JsonObject wanted = SettingSchema.Of(setting);
        foreach (JsonObject place in PlacesOf(setting, schema["definitions"]!))
        {
            if (Updates)
                place[setting.Key] = wanted.DeepClone();
            Assert.True(JsonNode.DeepEquals(wanted, place[setting.Key]),
                $"{place.GetPath()}.{setting.Key} should be {SchemaText.Of(wanted)}");
        }
        if (Updates)
            File.WriteAllText(file, SchemaText.Of(schema) + "\n");
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void The_manual_says_what_the_table_says(string path)
    {
        RecipeSetting setting = Setting(path);
        string file = Path.Combine(TestData.Root, "docs", "manifest.md"), page = File.ReadAllText(file);
        string heading = setting.Section.Length == 0 ? "## `quantize`" : $"### `quantize.{setting.Section}`";
        int start = page.IndexOf(heading + "\n", StringComparison.Ordinal), end = page.IndexOf("\n#", start + 1, StringComparison.Ordinal);
        string row = SettingSchema.RowOf(setting);
        if (Updates)
        {
            string section = page[start..end];
            int old = section.IndexOf($"\n| `{setting.Key}` |", StringComparison.Ordinal);
            int at = old >= 0 ? old + 1 : section.LastIndexOf("\n| ", StringComparison.Ordinal) + 1;
            int next = section.IndexOf('\n', at) + 1;
            section = old >= 0 ? section[..at] + row + "\n" + section[next..] : section[..next] + row + "\n" + section[next..];
            File.WriteAllText(file, page = page[..start] + section + page[end..]);
            end = start + section.Length;
        }

        Assert.Contains($"\n{row}\n", page[start..end], StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_has_a_place_and_a_name_of_its_own()
    {
        Assert.Equal(Enumerable.Range(0, RecipeSettings.All.Length), RecipeSettings.All.Select(setting => setting.Index));
        Assert.Distinct(RecipeSettings.All.Select(setting => setting.Path));
        Assert.Distinct(RecipeSettings.All.Select(setting => setting.KeyName).OfType<string>());
    }

    [Fact]
    public void What_a_build_does_again_begins_at_the_first_stage_that_has_the_setting_in_its_key()
    {
        foreach (RecipeSetting setting in RecipeSettings.All.Where(setting => setting.Redone.StartsWith("from ", StringComparison.Ordinal)))
        {
            // The manual says of ranks that a budget decides that they are chosen again.
            if (BuildStages.All.FirstOrDefault(stage => BuildStages.IsOfLayers(stage) && stage != BuildStages.Curve
                && stage.Options.Any(option => option.Name == setting.KeyName || option.MadeOf.Contains(setting.KeyName))) is { } first)
                Assert.Equal($"from {first}", setting.Redone);
        }
    }

    [Fact]
    public void A_setting_on_which_bytes_depend_is_in_the_key_of_a_stage()
    {
        // Whether a layer is smoothed decides which actions there are.
        string[] missing = [.. RecipeSettings.All.Where(setting => setting.KeyName is not null
            && !BuildStages.All.Any(stage => stage.Options.Any(option => option.Name == setting.KeyName))).Select(setting => setting.Path)];

        Assert.Equal(["smooth.enabled"], missing);
    }

    [Fact]
    public void Recipes_are_equal_when_all_their_settings_are()
    {
        LayerRecipe recipe = LayerRecipe.Default;

        Assert.Equal(recipe, recipe.With(RecipeSettings.ClipRatios, [0.6, 0.7, 0.8, 0.9, 1.0]).With(RecipeSettings.ExponentOffsets, [0]));
        Assert.All(RecipeSettings.All, setting => Assert.Equal(setting.Fallback, recipe.Value(setting)));
        Assert.NotEqual(recipe, recipe.With(RecipeSettings.ClipRatios, [1.0]));
        Assert.NotEqual(recipe, recipe.With(RecipeSettings.BlockSize, 32));
        Assert.Equal(64, recipe.With(RecipeSettings.Rank, 64).LowRank.Rank);
    }

    [Fact]
    public void Only_settings_that_a_layer_uses_are_in_what_its_bytes_depend_on()
    {
        static string[] Names(LayerRecipe recipe) => [.. recipe.ToJson().Select(setting => setting.Key)];
        LayerRecipe usual = LayerRecipe.Default;

        Assert.Equal(["precision"], Names(usual.With(RecipeSettings.Precision, Precision.BF16)));
        Assert.Equal(["precision", "smooth", "alpha", "share", "rank", "lowRank", "accuracy", "weights", "damp", "order",
            "exponents", "rounds", "leastGain", "ties"],
            Names(usual.With(RecipeSettings.Precision, Precision.W4A16)));
        Assert.Equal(["precision", "smooth", "rotation", "rank", "weights", "granularity", "clipRatios", "exponentOffsets", "ties",
            "objective"],
            Names(usual.With(RecipeSettings.SmoothEnabled, value: false).With(RecipeSettings.Rank, 0)
                .With(RecipeSettings.WeightMethod, WeightMethod.Rtn)));
        Assert.DoesNotContain("accuracy", Names(usual.With(RecipeSettings.LowRankMethod, LowRankMethod.Exact)));
    }

    private static RecipeSetting Setting(string path) => RecipeSettings.All.Single(setting => setting.Path == path);

    /// <summary>The lists of properties that a setting is in.</summary>
    private static JsonObject[] PlacesOf(RecipeSetting setting, JsonNode definitions) => setting.Section switch
    {
        "" => [definitions.AsObject()],
        "weights" => [Properties(definitions["weights"]!), Properties(definitions["expertWeights"]!)],
        _ => [Properties(definitions[setting.Section]!)],
    };

    /// <summary>The properties of a definition, which may be one of its alternatives.</summary>
    private static JsonObject Properties(JsonNode definition) => (definition["properties"]
        ?? definition["anyOf"]!.AsArray().Single(option => option!["properties"] is not null)!["properties"]!).AsObject();
}
