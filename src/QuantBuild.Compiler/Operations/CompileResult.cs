using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Operations;

/// <summary>A finished build.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Directory">Folder of the artifact, absolute.</param>
/// <param name="LockFile">The lock file, absolute.</param>
/// <param name="LockChanged">Whether the lock file was written anew.</param>
/// <param name="Bytes">Bytes of the files that the artifact lists.</param>
/// <param name="Actions">Every action, cached or executed.</param>
/// <param name="Layers">Quality of every quantized layer.</param>
/// <param name="Inputs">Every file that the build read, absolute; the lock file is one of them.</param>
/// <param name="Outputs">Every file of the artifact, absolute.</param>
internal sealed record CompileResult(string Name, string Directory, string LockFile, bool LockChanged, long Bytes,
    IReadOnlyList<ActionEvent> Actions, IReadOnlyList<LayerQuality> Layers, IReadOnlyList<string> Inputs, IReadOnlyList<string> Outputs)
{
    /// <summary>The published artifact that was taken instead of computing; null when the build computed.</summary>
    public string? PulledFrom { get; init; }
}
