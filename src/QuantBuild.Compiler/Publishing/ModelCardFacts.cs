using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Publishing;

/// <summary>What a model card says that the artifact does not know.</summary>
/// <param name="BaseModel">The model that was quantized; null to leave it out.</param>
/// <param name="License">Its licence's identifier, such as <c>apache-2.0</c>; null to leave it out.</param>
/// <param name="Gptq">Whether GPTQ rounded the weights.</param>
internal sealed record ModelCardFacts(RepoId? BaseModel, string? License, bool Gptq = false);
