namespace QuantBuild.Compiler.Hub;

/// <summary>What a push does with one file.</summary>
/// <param name="File">The file.</param>
/// <param name="Large">Whether it goes by LFS.</param>
/// <param name="State">What happens.</param>
internal sealed record UploadItem(HubFile File, bool Large, UploadState State);
