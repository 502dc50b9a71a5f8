using System.Collections.Concurrent;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Reporting;

/// <summary>
/// The results of a build's actions as the store has them. What was pruned, or never made, is counted and left out: a report with a gap is
/// better than none.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="actions">The build's actions.</param>
/// <param name="published">The artifact, if it was pulled instead of built.</param>
internal sealed class RecordedResults(BuildStore store, IReadOnlyList<ActionEvent> actions, FinishedArtifact? published = null)
{
    private readonly Dictionary<(string Expert, string Layer), LayerQuality> _published =
        (published?.Layers ?? []).ToDictionary(layer => (layer.Expert, layer.Layer));

    private readonly Dictionary<(string Stage, string Expert, string Name), ActionEvent> _actions =
        actions.ToDictionary(action => (action.Stage, action.Expert, action.Name));

    private readonly ConcurrentDictionary<(string Stage, string Expert, string Name), IReadOnlyDictionary<string, BlobRef>?> _outputs =
        new();

    private readonly ConcurrentDictionary<(string Stage, string Expert, string Name), bool> _missing = new();

    /// <summary>Content of results.</summary>
    public IBlobFiles Store => store.Blobs;

    // The recordings of a real model are not fetched for a page.
    private const long MostFetched = 256 << 20;

    /// <summary>Content of recordings of some bytes in all: much of it is read only where it is on this machine.</summary>
    public IBlobFiles StoreFor(long bytes) => bytes <= MostFetched ? store.Blobs : store.Local;

    /// <summary>All actions, in a stable order.</summary>
    public IReadOnlyList<ActionEvent> Actions => actions;

    /// <summary>How many results of each stage were asked for and are not there, by stage.</summary>
    public IReadOnlyList<(string Stage, int Count)> Missing => [.. _missing.Keys.GroupBy(key => key.Stage, StringComparer.Ordinal)
        .OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => (group.Key, group.Count()))];

    /// <summary>Errors of a layer that came with a published artifact; null for a build.</summary>
    public LayerQuality? Published(string expert, string layer) => _published.GetValueOrDefault((expert, layer));

    /// <summary>Files of an expert by name; null, and counted as missing, when a build's are not in the store.</summary>
    public IEnumerable<(string Name, BlobRef Content)>? Files(string expert) => published is not null
        ? published.Lock.Experts.Single(locked => locked.Name == expert).Files.Select(file =>
            (file.Path[(file.Path.IndexOf('/', StringComparison.Ordinal) + 1)..], file.Content))
        : Result(BuildStages.Pack, expert, expert)?.Files.Select(file => (file.Key, file.Value));

    /// <summary>An action; null when the build had no such one.</summary>
    public ActionEvent? Action(Stage stage, string expert, string name) => _actions.GetValueOrDefault((stage.Name, expert, name));

    /// <summary>What an action made; null, and counted as missing, when it is not in the store.</summary>
    public TResult? Result<TSubject, TResult>(Stage<TSubject, TResult> stage, string expert, string name) where TResult : class =>
        Outputs(stage, expert, name) is { } outputs ? Try(stage, expert, name, () => stage.Read(Store, outputs)) : null;

    /// <summary>An action's outputs by name; null, and counted as missing, when they are not in the store.</summary>
    private IReadOnlyDictionary<string, BlobRef>? Outputs(Stage stage, string expert, string name)
    {
        (string, string, string) id = (stage.Name, expert, name);
        IReadOnlyDictionary<string, BlobRef>? outputs = _outputs.GetOrAdd(id, _ => Action(stage, expert, name)?.Key is { } key
            ? Guarded(() => store.Actions.FindAsync(key).AsTask().GetAwaiter().GetResult()?.Outputs) : null);
        if (outputs is null)
            _missing[id] = true;
        return outputs;
    }

    /// <summary>Reads an action's outputs; null, and counted as missing, when one of them vanished meanwhile.</summary>
    public T? Try<T>(Stage stage, string expert, string name, Func<T?> read) where T : class
    {
        T? value = Guarded(read);
        if (value is null)
            _missing[(stage.Name, expert, name)] = true;
        return value;
    }

    private static T? Guarded<T>(Func<T?> read) where T : class
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (failure is DiagnosticException or IOException or SafeTensorsException)
        {
            return null;
        }
    }
}
