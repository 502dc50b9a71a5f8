namespace QuantBuild.Models.Wan;

/// <summary>What one LoRA file changes about one tensor.</summary>
/// <param name="Lora">The file.</param>
/// <param name="Down">Name of A [rank, in…] in the file; null without a low-rank part.</param>
/// <param name="Up">Name of B [out, rank, …]; null with <paramref name="Down"/>.</param>
/// <param name="Rank">The rank; 0 without a low-rank part.</param>
/// <param name="Factor"><c>strength alpha / rank</c>, rounded once from double; the low-rank part's.</param>
/// <param name="Difference">Name of a full-weight difference in the file; null for none.</param>
/// <param name="Strength">The strength, rounded once: the full-weight difference's factor.</param>
internal sealed record LoraChange(LoraFile Lora, string? Down, string? Up, int Rank, float Factor, string? Difference, float Strength)
{
    /// <summary>Names of the tensors of the file that take part, in the order of the arithmetic.</summary>
    public IEnumerable<string> Parts => new[] { Down, Up, Difference }.OfType<string>();
}
