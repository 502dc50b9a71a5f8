namespace QuantBuild.Models.Wan;

/// <summary>What a tensor of an expert is made of: content, but for factors.</summary>
/// <param name="Stored">Name in the checkpoint's file.</param>
/// <param name="Scale">Name in the checkpoint's file of the scale of an 8-bit tensor; null for none.</param>
/// <param name="Changes">What LoRA files change about it, in order.</param>
internal sealed record TensorParts(string Stored, string? Scale, IReadOnlyList<LoraChange> Changes)
{
    /// <summary>Whether it is nothing but the stored tensor.</summary>
    public bool IsPlain => Scale is null && Changes.Count == 0;
}
