using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace QuantBuild.Compiler.Actions;

/// <summary>A setting in the keys of a stage.</summary>
/// <param name="Name">Its name in the key.</param>
/// <param name="Setting">Its name when two builds are compared; null for what only repeats another stage's.</param>
/// <param name="PerAction">Whether a layer has several actions of the stage, each with a value of its own.</param>
internal record StageOption(string Name, string? Setting, bool PerAction = false)
{
    /// <summary>Recipe settings, by their names in keys, whose values this one is made of; empty where it has their name.</summary>
    public ImmutableArray<string?> MadeOf { get; init; } = [];
}

/// <summary>A setting in the keys of a stage, and how an action gets its value.</summary>
/// <typeparam name="TSubject">What an action of the stage is about.</typeparam>
/// <param name="Name">Its name in the key.</param>
/// <param name="Value">The resolved value; null leaves it out of the key.</param>
/// <param name="Setting">As in the base.</param>
/// <param name="PerAction">As in the base.</param>
internal sealed record StageOption<TSubject>(string Name, Func<TSubject, JsonNode?> Value, string? Setting, bool PerAction = false)
    : StageOption(Name, Setting, PerAction)
{
    /// <summary>A setting that is compared under its own name.</summary>
    public StageOption(string name, Func<TSubject, JsonNode?> value) : this(name, value, name)
    {
    }
}
