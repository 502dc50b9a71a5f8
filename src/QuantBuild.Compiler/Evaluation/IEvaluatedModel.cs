using QuantBuild.Compiler.Store;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Evaluation;

/// <summary>A model to sample from: the source, or an artifact.</summary>
internal interface IEvaluatedModel
{
    /// <summary>Digests of everything its predictions depend on.</summary>
    IEnumerable<KeyValuePair<string, Digest>> Inputs { get; }

    /// <summary>Opens an expert for one sample, which disposes it; its weights are loaded when first needed and shared by all.</summary>
    IDenoiser Open(int expert);
}
