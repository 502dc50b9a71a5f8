using System.Text;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Actions;

/// <summary>
/// Keys of the last two different builds of a manifest, kept in the store, so that a build can be explained: a memory aid of this machine,
/// on which no result depends.
/// </summary>
/// <param name="Last">Keys of the last build by stage, expert and name.</param>
/// <param name="Previous">Keys of the build before it that differed.</param>
internal sealed record BuildHistory(IReadOnlyDictionary<string, Digest> Last, IReadOnlyDictionary<string, Digest> Previous)
{
    private static readonly IReadOnlyDictionary<string, Digest> None = new Dictionary<string, Digest>();

    /// <summary>Identity of an action within a build.</summary>
    public static string IdentityOf(ActionEvent action) => $"{action.Stage} {action.Expert} {action.Name}";

    /// <summary>Identity of an action within a build.</summary>
    public static string IdentityOf(Stage stage, string expert, string name) => $"{stage.Name} {expert} {name}";

    /// <summary>The history of a manifest; empty when there is none or it cannot be read.</summary>
    public static BuildHistory Load(ContentStore store, string manifest)
    {
        try
        {
            return Parse(File.ReadAllBytes(PathOf(store, manifest)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or MalformedJsonException)
        {
            return new BuildHistory(None, None);
        }
    }

    /// <summary>Reads a remembered history.</summary>
    /// <exception cref="MalformedJsonException">It is none.</exception>
    internal static BuildHistory Parse(ReadOnlySpan<byte> json)
    {
        JsonNode root = CheckedNodes.Parse(json);
        return new BuildHistory(Keys(root.Find("last")), Keys(root.Find("previous")));
    }

    /// <summary>
    /// Keys of the build to compare with: the last one, or the one before it right after a build, when nothing differs from the last any
    /// more and the question is what that build did.
    /// </summary>
    public IReadOnlyDictionary<string, Digest> Before(IReadOnlyList<ActionEvent> now)
    {
        bool upToDate = now.All(action => action.Key is { } key && Last.GetValueOrDefault(IdentityOf(action)) == key);
        return upToDate && Previous.Count > 0 ? Previous : Last;
    }

    /// <summary>Remembers a finished build; one that asked for the same keys as the last changes nothing.</summary>
    public static void Save(ContentStore store, string manifest, IEnumerable<ActionEvent> actions)
    {
        BuildHistory history = Load(store, manifest);
        Dictionary<string, Digest> keys = actions.Where(action => action.Key is not null)
            .ToDictionary(IdentityOf, action => action.Key!.Value, StringComparer.Ordinal);
        if (keys.Count == history.Last.Count && keys.All(pair => history.Last.TryGetValue(pair.Key, out Digest old) && old == pair.Value))
            return;
        try
        {
            AtomicFile.Write(PathOf(store, manifest), store.NewTemporary(),
                CanonicalJson.Serialize(new JsonObject { ["last"] = Json(keys), ["previous"] = Json(history.Last) }));
        }
        catch (Exception e) when (StoreErrors.IsFileSystem(e))
        {
            // The artifact is finished; that the next build cannot be explained is no reason to fail.
        }
    }

    private static string PathOf(ContentStore store, string manifest) =>
        Path.Combine(store.Root, "builds", Digest.Of(Encoding.UTF8.GetBytes(Path.GetFullPath(manifest))) + ".json");

    private static JsonObject Json(IReadOnlyDictionary<string, Digest> keys) =>
        new(keys.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value.ToString())));

    private static Dictionary<string, Digest> Keys(JsonNode? json) => json is null ? [] : json.Members()
        .ToDictionary(pair => pair.Key.Split(' ').Length >= 3 ? pair.Key : throw new MalformedJsonException($"'{pair.Key}' is no action"),
            pair => pair.Value.Digest(), StringComparer.Ordinal);
}
