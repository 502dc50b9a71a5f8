using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests.Json;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>The settings that <c>quantize</c>, an expert and an override have in common: <see cref="RecipeSettings"/>.</summary>
internal static class RecipeBinder
{
    /// <summary>What the section sets, with the places of the values.</summary>
    /// <param name="section">A section with the keys of a recipe.</param>
    /// <param name="weights">Its <c>weights</c>, which mean more in an expert; null when absent.</param>
    public static RecipePatch Bind(ObjectBinder section, ObjectBinder? weights)
    {
        var values = ImmutableArray.CreateBuilder<KeyValuePair<RecipeSetting, object>>();
        var spans = ImmutableDictionary.CreateBuilder<RecipeSetting, SourceSpan>();
        foreach (IGrouping<string, RecipeSetting> part in RecipeSettings.All.GroupBy(setting => setting.Section))
        {
            if (part.FirstOrDefault(setting => setting.IsShorthand) is { } flag && section.Find(part.Key) is ManifestBoolean shorthand)
            {
                values.Add(new(flag, shorthand.Value));
                spans.Add(flag, shorthand.Span);
                continue;
            }
            ObjectBinder? found = part.Key switch
            {
                "" => section,
                ManifestKeys.WeightsName => weights,
                _ => section.Object(part.Key, ManifestKeys.OfRecipe(part.Key)),
            };
            foreach (RecipeSetting setting in part)
            {
                if (found?.Find(setting.Key) is not { } node)
                    continue;
                spans.Add(setting, node.Span);
                if (Value(found, setting) is { } value)
                    values.Add(new(setting, value));
            }
        }
        return new RecipePatch { Values = values.ToImmutable(), Spans = spans.ToImmutable() };
    }

    private static object? Value(ObjectBinder part, RecipeSetting setting) => setting.Kind switch
    {
        FlagKind => part.Flag(setting.Key),
        NumberKind number => part.Number(setting.Key, number.Range),
        IntegerKind whole => Integer(part, setting.Key, whole),
        RankKind rank => part.Find(setting.Key) is ManifestText { Value: RankKind.AutoName } ? RankKind.Auto
            : part.Integer(setting.Key, 0, rank.Max),
        BytesKind bytes => part.Bytes(setting.Key, 0, bytes.Max, "at most 1024TiB"),
        IChoiceKind choice => part.Values.Choice(part.Find(setting.Key), part.PathOf(setting.Key), choice.Values),
        NumbersKind numbers => part.Numbers(setting.Key, numbers.Range),
        IntegersKind whole => part.Integers(setting.Key, whole.Min, whole.Max),
        _ => throw new ArgumentOutOfRangeException(nameof(setting)),
    };

    private static int? Integer(ObjectBinder part, string key, IntegerKind kind)
    {
        int? value = part.Integer(key, kind.Min, kind.Max);
        if (!kind.IsPowerOfTwo || value is not { } whole || int.IsPow2(whole))
            return value;
        part.Values.Report(Descriptors.OutOfRange, part.SpanOf(key), part.PathOf(key), whole,
            $"a power of two between {kind.Min} and {kind.Max}");
        return null;
    }
}
