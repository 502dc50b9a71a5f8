using QuantBuild.Compiler.Store;
using QuantBuild.Models;

namespace QuantBuild.Compiler.Calibration;

/// <summary>One prepared sample. What it consists of is read when it is its turn: a set may be larger than memory.</summary>
/// <param name="Id">Its id in the set.</param>
/// <param name="Prompt">Its prompt, for people.</param>
/// <param name="Shape">Shape of the latent.</param>
/// <param name="Digest">Digest of the three tensors.</param>
/// <param name="Read">Reads its tensors.</param>
internal sealed record CalibrationSample(int Id, string Prompt, LatentShape Shape, Digest Digest, Func<SampleTensors> Read);
