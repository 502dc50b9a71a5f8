using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Planning;

/// <summary>The folders of the experts in the layouts that checkpoints come in.</summary>
internal static class ExpertFolders
{
    /// <summary>The folder of an expert: of the original layout, unless the checkpoint has that of the Diffusers library alone.</summary>
    /// <param name="source">Folder of the checkpoint.</param>
    /// <param name="expert">Name of the expert.</param>
    public static string In(string source, string expert)
    {
        string original = expert + "_model", diffusers = expert == ExpertNames.HighNoise ? "transformer" : "transformer_2";
        return !Directory.Exists(Path.Combine(source, original)) && (Directory.Exists(Path.Combine(source, diffusers)) || IsDiffusers(source)) ? diffusers : original;
    }

    /// <summary>Whether a checkpoint says that it is one of the Diffusers library.</summary>
    public static bool IsDiffusers(string source) => File.Exists(Path.Combine(source, PipelineIndex.FileName));
}
