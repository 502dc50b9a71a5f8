using QuantBuild.Compiler.Samples;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Stages;

/// <summary>What is encoded.</summary>
/// <param name="Config">The model that the sample is for.</param>
/// <param name="Line">The sample; null for the empty prompt of guidance.</param>
/// <param name="Operations">Work of the encoders; null where nobody asks for the time.</param>
/// <param name="Source">The encoders, open; null where nobody asks for the memory.</param>
internal sealed record ConditionSubject(WanConfig Config, SampleLine? Line, Lazy<EncoderOperations>? Operations = null,
    EncoderSource? Source = null)
{
    /// <summary>The sample, if it has a picture; null for what is made of a prompt alone.</summary>
    public SampleLine? Picture => Line?.Image is null ? null : Line;
}
