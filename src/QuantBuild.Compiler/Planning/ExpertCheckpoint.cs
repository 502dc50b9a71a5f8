using System.Collections.Immutable;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Planning;

/// <summary>An expert's folder, found to be complete.</summary>
/// <param name="Directory">The folder, absolute.</param>
/// <param name="Config">Its configuration.</param>
/// <param name="Tensors">Names of its tensors, in ordinal order.</param>
internal sealed record ExpertCheckpoint(string Directory, WanConfig Config, ImmutableArray<string> Tensors);
