using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Sources;

namespace QuantBuild.Compiler.Planning;

/// <summary>The folders of the experts in the layouts that checkpoints come in, or their files.</summary>
internal static class ExpertFolders
{
    /// <summary>
    /// The folder of an expert: of the original layout, unless the checkpoint has that of the Diffusers library alone. A folder without
    /// either that has one file for each expert, by their names, is a checkpoint, too.
    /// </summary>
    /// <param name="source">Folder of the checkpoint.</param>
    /// <param name="expert">Name of the expert.</param>
    public static string In(string source, string expert)
    {
        int index = expert == ExpertNames.HighNoise ? 0 : 1;
        // Of a repository that has no folder with a small file nothing is fetched, not even the checkpoint's own folder.
        bool exists = Directory.Exists(source);
        string usual = CheckpointFiles.ExpertsIn(exists ? Directory.EnumerateDirectories(source)
            .Select(folder => Path.GetFileName(folder) + "/") : [])[index];
        return !exists || Directory.Exists(Path.Combine(source, usual)) || FilesIn(source) is not { } files ? usual : files[index];
    }

    /// <summary>The two experts' files; null unless there is just one for each.</summary>
    private static string[]? FilesIn(string source)
    {
        ILookup<string?, string> files = Directory.EnumerateFiles(source, "*.safetensors").Select(file => Path.GetFileName(file))
            .ToLookup(ExpertNames.In);
        string[][] found = [.. ExpertNames.All.Select(name => files[name].ToArray())];
        return found.All(one => one.Length == 1) ? [.. found.Select(one => one[0])] : null;
    }
}
