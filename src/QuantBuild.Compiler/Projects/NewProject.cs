using QuantBuild.Compiler.Planning;

namespace QuantBuild.Compiler.Projects;

/// <summary>A model project that was written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Folder">Its folder, absolute.</param>
/// <param name="Source">The checkpoint as the manifest names it.</param>
/// <param name="Layout">How the checkpoint is laid out: <c>original</c>, <c>Diffusers</c> or <c>single-file</c>.</param>
/// <param name="Files">Names of the files written.</param>
/// <param name="Plan">What a build will do.</param>
/// <param name="HasEncoders">Whether the checkpoint has what makes calibration tensors of pictures and prompts.</param>
internal sealed record NewProject(string Name, string Folder, string Source, string Layout, IReadOnlyList<string> Files, Plan Plan,
    bool HasEncoders);
