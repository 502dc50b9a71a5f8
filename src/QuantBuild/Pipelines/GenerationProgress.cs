namespace QuantBuild.Pipelines;

/// <summary>How far a video is.</summary>
/// <param name="Phase">What is being done.</param>
/// <param name="Done">Steps of it that are done: prompts, pictures, denoising steps or frames.</param>
/// <param name="Total">Steps it has.</param>
public readonly record struct GenerationProgress(GenerationPhase Phase, int Done, int Total);
