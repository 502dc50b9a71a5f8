using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Sources;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Planning;

/// <summary>Opens an expert's folder, headers only, and holds every tensor against the configuration.</summary>
internal static class ExpertCheckpointReader
{
    private const string ConfigName = "config.json";

    /// <summary>The expert's source, or null after reports.</summary>
    /// <param name="location">The checkpoint; its folder exists.</param>
    /// <param name="expert">The expert.</param>
    /// <param name="problems">Receives what is wrong.</param>
    public static ExpertCheckpoint? Read(CheckpointLocation location, ExpertSection expert, ICollection<Diagnostic> problems)
    {
        string source = location.Folder;
        string folder = expert.Weights ?? ExpertFolders.In(source, expert.Name);
        string directory = Path.GetFullPath(folder, source);
        try
        {
            if (!Directory.Exists(directory))
            {
                problems.Add(Descriptors.ExpertNotFound.At(expert.Span, directory, expert.Name, Hint(source, folder)));
                return null;
            }
            if (Config(directory, expert, problems) is not { } config)
                return null;
            using WanCheckpoint checkpoint = location.Open(directory);
            return TensorChecks.Check(expert.Name, directory, checkpoint, config, problems)
                ? new ExpertCheckpoint(directory, config, [.. checkpoint.Tensors.Keys.Order(StringComparer.Ordinal)])
                : null;
        }
        catch (SafeTensorsException error)
        {
            problems.Add(Descriptors.InvalidCheckpoint.At(new SourceSpan(error.Path ?? directory), expert.Name,
                WithoutPath(error.Message, error.Path), error.Rule));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            problems.Add(Descriptors.SourceUnreadable.At(new SourceSpan(directory), error.Message));
        }
        return null;
    }

    private static WanConfig? Config(string directory, ExpertSection expert, ICollection<Diagnostic> problems)
    {
        string path = Path.Combine(directory, ConfigName);
        try
        {
            return WanConfig.Load(path);
        }
        catch (InvalidDataException error)
        {
            problems.Add(Descriptors.InvalidConfig.At(new SourceSpan(path), expert.Name, WithoutPath(error.Message, path)));
        }
        catch (FileNotFoundException)
        {
            problems.Add(Descriptors.InvalidConfig.At(new SourceSpan(path), expert.Name, "the file does not exist"));
        }
        return null;
    }

    private static string Hint(string source, string folder)
    {
        string[] folders = [.. Directory.EnumerateDirectories(source).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        return folders.Length == 0 ? "the checkpoint has no folders" : Suggestion.For(folder, folders, "its folders");
    }

    /// <summary>Exceptions name their file; a diagnostic has it as its origin already.</summary>
    private static string WithoutPath(string message, string? path) =>
        path is not null && message.StartsWith(path + ": ", StringComparison.Ordinal) ? message[(path.Length + 2)..] : message;
}
