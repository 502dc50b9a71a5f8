using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Sources;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Planning;

/// <summary>Opens an expert's weights, headers only, and holds every tensor against the configuration.</summary>
internal static class ExpertCheckpointReader
{
    private const string ConfigName = "config.json";

    /// <summary>The expert's source, or null after reports.</summary>
    /// <param name="location">The checkpoint; its folder exists.</param>
    /// <param name="expert">The expert.</param>
    /// <param name="loras">LoRA files of the model.</param>
    /// <param name="problems">Receives what is wrong.</param>
    public static ExpertCheckpoint? Read(CheckpointLocation location, ExpertSection expert, ImmutableArray<LoraSection> loras,
        ICollection<Diagnostic> problems)
    {
        string source = location.Folder, weights = expert.Weights ?? ExpertFolders.In(source, expert.Name);
        string path = Path.GetFullPath(weights, source);
        bool isFile = CheckpointFiles.IsFile(weights) || File.Exists(path);
        string directory = isFile ? Path.GetDirectoryName(path)! : path;
        try
        {
            if (isFile ? location.HasFile(path) : Directory.Exists(directory))
                return Read(location, expert, isFile ? path : null, directory, loras, problems);
            problems.Add(Descriptors.ExpertNotFound.At(expert.Span, path, expert.Name, Hint(directory, source, weights, isFile)));
        }
        catch (LoraException error)
        {
            problems.Add(Descriptors.LoraInvalid.At(PlaceOf(loras, error.Path), error.Path, expert.Name, error.Reason));
        }
        catch (SafeTensorsException error) when (loras.Any(lora => lora.File == error.Path))
        {
            problems.Add(Descriptors.LoraInvalid.At(PlaceOf(loras, error.Path!), error.Path, expert.Name, error.Reason));
        }
        catch (SafeTensorsException error)
        {
            problems.Add(Descriptors.InvalidCheckpoint.At(new SourceSpan(error.Path ?? path), expert.Name,
                WithoutPath(error.Message, error.Path), error.Rule));
        }
        catch (InvalidDataException error)
        {
            problems.Add(Descriptors.InvalidConfig.At(new SourceSpan(path), expert.Name, error.Message));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            problems.Add(Descriptors.SourceUnreadable.At(new SourceSpan(path), error.Message));
        }
        return null;
    }

    // The expert of a file, or of the shards in a directory; what they throw is the caller's.
    private static ExpertCheckpoint? Read(CheckpointLocation location, ExpertSection expert, string? file, string directory,
        ImmutableArray<LoraSection> loras, ICollection<Diagnostic> problems)
    {
        WanConfig? config = null;
        bool hasConfig = file is null || File.Exists(Path.Combine(directory, ConfigName));
        if (hasConfig && (config = Config(directory, expert, problems)) is null)
            return null;
        LoraSection[] merged = [.. loras.Where(lora => lora.Concerns(expert.Name))];
        if (merged.FirstOrDefault(lora => !File.Exists(lora.File)) is { } missing)
        {
            // A file for both experts is missing once.
            if (!problems.Any(problem => problem.Descriptor == Descriptors.LoraNotFound && problem.Span == missing.Span))
                problems.Add(Descriptors.LoraNotFound.At(missing.Span, missing.File));
            return null;
        }
        ImmutableArray<LoraReference> references = [.. merged.Select(lora => new LoraReference(lora.File, lora.Strength))];
        string path = file ?? directory;
        using WanCheckpoint checkpoint = location.Open(path, references);
        if (WanFamily.OtherOf(checkpoint.Tensors) is { } other)
        {
            problems.Add(Descriptors.OtherModel.At(new SourceSpan(path), expert.Name, other));
            return null;
        }
        config ??= WanConfigGuess.From(checkpoint.Tensors);
        if (!TensorChecks.Check(expert.Name, directory, checkpoint, config, problems))
            return null;
        ReportLeftOut(expert, checkpoint, merged, problems);
        ReportOtherNames(expert, file, merged, problems);
        return new ExpertCheckpoint(directory, config, [.. checkpoint.Tensors.Keys.Order(StringComparer.Ordinal)])
        {
            File = file,
            Loras = references,
        };
    }

    private static SourceSpan PlaceOf(ImmutableArray<LoraSection> loras, string file) => loras.First(lora => lora.File == file).Span;

    /// <summary>Says once what the files have beside the expert's tensors.</summary>
    private static void ReportLeftOut(ExpertSection expert, WanCheckpoint checkpoint, LoraSection[] loras, ICollection<Diagnostic> problems)
    {
        if (checkpoint.LeftOut.Count > 0)
        {
            problems.Add(Descriptors.TensorsLeftOut.At(expert.Span, checkpoint.LeftOut.Count, expert.Name, Names(checkpoint.LeftOut),
                "they are no part of the expert"));
        }
        if (checkpoint.IgnoredScales.Count > 0)
        {
            problems.Add(Descriptors.TensorsLeftOut.At(expert.Span, checkpoint.IgnoredScales.Count, expert.Name,
                Names(checkpoint.IgnoredScales), "they scale activations of 8-bit products"));
        }
        foreach ((LoraFile lora, LoraSection section) in checkpoint.Loras.Zip(loras).Where(pair => pair.First.LeftOut.Count > 0))
            problems.Add(Descriptors.LoraPartLeftOut.At(section.Span, lora.Path, lora.LeftOut.Count, expert.Name, Names(lora.LeftOut)));
    }

    /// <summary>Warns of files whose names speak of the other expert: most often somebody took the wrong one of two.</summary>
    private static void ReportOtherNames(ExpertSection expert, string? weights, LoraSection[] loras, ICollection<Diagnostic> problems)
    {
        IEnumerable<(string File, SourceSpan Span)> files = loras.Select(lora => (lora.File, lora.Span));
        foreach ((string file, SourceSpan span) in weights is null ? files : files.Prepend((weights, expert.Span)))
        {
            if (ExpertNames.In(Path.GetFileName(file)) is { } other && other != expert.Name)
                problems.Add(Descriptors.OtherExpertsFile.At(span, file, expert.Name, other));
        }
    }

    private static string Names(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(3).Select(name => $"'{name}'")) + (names.Count > 3 ? ", …" : "");

    private static WanConfig? Config(string directory, ExpertSection expert, ICollection<Diagnostic> problems)
    {
        string path = Path.Combine(directory, ConfigName);
        try
        {
            return WanConfig.Load(path);
        }
        catch (InvalidDataException error) when (error.InnerException is OtherModelException other)
        {
            problems.Add(Descriptors.OtherModel.At(new SourceSpan(path), expert.Name, other.Model));
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

    private static string Hint(string directory, string source, string weights, bool isFile)
    {
        string[] present = isFile
            ? Directory.Exists(directory)
                ? [.. Directory.EnumerateFiles(directory, "*.safetensors").Select(path => Path.GetRelativePath(source, path))]
                : []
            : [.. Directory.EnumerateDirectories(source).Select(path => Path.GetFileName(path))];
        (string what, string none) = isFile
            ? ("its files", "there are no safetensors files")
            : ("its folders", "the checkpoint has no folders");
        return present.Length == 0 ? none : Suggestion.For(weights, [.. present.Order(StringComparer.Ordinal)], what);
    }

    /// <summary>Exceptions name their file; a diagnostic has it as its origin already.</summary>
    private static string WithoutPath(string message, string? path) =>
        path is not null && message.StartsWith(path + ": ", StringComparison.Ordinal) ? message[(path.Length + 2)..] : message;
}
