using System.Text.Json.Nodes;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Actions;

/// <summary>
/// One unit of cacheable work: everything its result depends on, by content. Who it is for (<see cref="Expert"/>, <see cref="Name"/>) is
/// for people and not part of the key, so equal work is done once wherever it occurs.
/// </summary>
internal sealed class ActionSpec
{
    /// <summary>Describes an action.</summary>
    /// <param name="stage">Its kind.</param>
    /// <param name="profile">Its arithmetic.</param>
    /// <param name="expert">The expert it belongs to, or empty.</param>
    /// <param name="name">What it works on, such as <c>blocks.3.ffn.2</c>.</param>
    /// <param name="options">Resolved settings that its result depends on.</param>
    /// <param name="inputs">Digests of its inputs by role.</param>
    public ActionSpec(Stage stage, NumericProfile profile, string expert, string name, JsonObject options,
        IEnumerable<KeyValuePair<string, Digest>> inputs)
    {
        Stage = stage;
        Profile = profile;
        Expert = expert;
        Name = name;
        var digests = new JsonObject();
        foreach ((string role, Digest digest) in inputs)
            digests.Add(role, digest.ToString());
        Description = new ActionDescription(stage.Name, stage.Version, profile.Name, options, digests).ToJson();
        Key = Digest.Of(CanonicalJson.Serialize(Description));
    }

    /// <summary>Its kind.</summary>
    public Stage Stage { get; }

    /// <summary>Its arithmetic.</summary>
    public NumericProfile Profile { get; }

    /// <summary>The expert it belongs to, or empty.</summary>
    public string Expert { get; }

    /// <summary>What it works on.</summary>
    public string Name { get; }

    /// <summary>The parts of the key, as hashed.</summary>
    public JsonObject Description { get; }

    /// <summary>SHA-256 of the canonical description.</summary>
    public Digest Key { get; }

    /// <inheritdoc/>
    public override string ToString() => Expert.Length == 0 ? $"{Stage.Name} {Name}" : $"{Stage.Name} {Expert} {Name}";
}
