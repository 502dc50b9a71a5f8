using QuantBuild.SafeTensors;

namespace QuantBuild.Pickles;

/// <summary>Errors of PyTorch's files, told like those of safetensors files.</summary>
internal static class PthException
{
    /// <summary>The file is no archive as PyTorch writes it.</summary>
    public static SafeTensorsException Archive(string path, string reason) => new("InvalidArchive", reason, path);

    /// <summary>The pickle has something that no state dict needs.</summary>
    public static SafeTensorsException Pickle(string path, string reason) => new("InvalidPickle", reason, path);
}
