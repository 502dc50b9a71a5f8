namespace QuantBuild.Models.Wan;

/// <summary>A LoRA file to merge into an expert.</summary>
/// <param name="Path">The file.</param>
/// <param name="Strength">How strongly; 1 as it was trained.</param>
internal sealed record LoraReference(string Path, double Strength);
