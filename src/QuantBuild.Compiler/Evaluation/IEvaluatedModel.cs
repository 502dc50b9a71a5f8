using QuantBuild.Compiler.Store;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>A model to sample from: the source, or an artifact.</summary>
internal interface IEvaluatedModel
{
    /// <summary>Digests of everything its predictions depend on.</summary>
    IEnumerable<KeyValuePair<string, Digest>> Inputs { get; }

    /// <summary>Weights of an expert, loaded when first needed and shared by all samples.</summary>
    WanWeights Weights(int expert);
}
