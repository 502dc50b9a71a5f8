namespace QuantBuild.Compiler.Samples;

/// <summary>Files of a sample set: a jsonl file and, beside it under the same name, the samples' tensors or nothing.</summary>
internal static class SampleFiles
{
    /// <summary>File of a set's tensors.</summary>
    public static string TensorsOf(string path) => Path.ChangeExtension(path, ".safetensors");

    /// <summary>Whether a set's samples are made of pictures.</summary>
    public static bool IsFromPictures(string path) => File.Exists(path) && !File.Exists(TensorsOf(path));
}
