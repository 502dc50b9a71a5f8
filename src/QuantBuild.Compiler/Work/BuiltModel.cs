using System.Collections.Immutable;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Work;

/// <summary>Everything that a build made.</summary>
/// <param name="Samples">Digests of the calibration samples it used, in order.</param>
/// <param name="Experts">Both experts.</param>
internal sealed record BuiltModel(ImmutableArray<Digest> Samples, ImmutableArray<BuiltExpert> Experts);
