namespace QuantBuild.Models.Wan;

/// <summary>A LoRA file that cannot be merged into a model.</summary>
/// <param name="path">The file.</param>
/// <param name="reason">What is wrong, without the path.</param>
internal sealed class LoraException(string path, string reason) : Exception($"{path}: {reason}")
{
    /// <summary>The file.</summary>
    public string Path => path;

    /// <summary>What is wrong, without the path.</summary>
    public string Reason => reason;
}
