namespace QuantBuild.Pipelines;

/// <summary>Where a pipeline finds what it needs.</summary>
/// <param name="Checkpoint">
/// Folder with text encoder, tokenizer and autoencoder, and with the experts unless these are named.
/// </param>
/// <param name="HighNoise">The high-noise expert; null for the one in the checkpoint's folder.</param>
/// <param name="LowNoise">The low-noise expert, likewise.</param>
internal sealed record PipelineSource(string Checkpoint, ExpertWeights? HighNoise = null, ExpertWeights? LowNoise = null);
