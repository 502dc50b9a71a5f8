using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Sources;

namespace QuantBuild.Compiler.Planning;

/// <summary>The folders of the experts in the layouts that checkpoints come in.</summary>
internal static class ExpertFolders
{
    /// <summary>The folder of an expert: of the original layout, unless the checkpoint has that of the Diffusers library alone.</summary>
    /// <param name="source">Folder of the checkpoint.</param>
    /// <param name="expert">Name of the expert.</param>
    public static string In(string source, string expert)
    {
        int index = expert == ExpertNames.HighNoise ? 0 : 1;
        // Of a repository that has no folder with a small file nothing is fetched, not even the checkpoint's own folder.
        IEnumerable<string> folders = Directory.Exists(source) ? Directory.EnumerateDirectories(source)
            .Select(folder => Path.GetFileName(folder) + "/") : [];
        return CheckpointFiles.ExpertsIn(folders)[index];
    }
}
