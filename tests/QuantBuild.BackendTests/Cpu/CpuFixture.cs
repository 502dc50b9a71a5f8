using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Cpu;

namespace QuantBuild.BackendTests.Cpu;

/// <summary>QuantBuild's own kernels.</summary>
internal sealed class CpuFixture : BackendFixture
{
    public override IComputeBackend Backend => CpuBackend.Instance;

    public override Tolerance Tolerance { get; } = new(Model: 1e-4, Quantized: 0, Sums: 1e-5, Codes: 0.999);

    public override IReadOnlyDictionary<string, string> Fingerprints { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["Rotate"] = "0203abfeaf43583e40f095364bc51dae",
        ["Curve"] = "75a60bb5dfd6c2fb5a2aafa68248c599",
        ["LowRank"] = "f7a9c487bb7e9e98aef00c2619404c77",
        ["Round"] = "843954380a4950ab509598e1f5b497e0",
        ["Clip"] = "c4b20cac95881511d9885874c91e9d5f",
        ["Measure"] = "41ea1402d222e3aecc66ada08b7e3ee1",
        ["Prediction"] = "5f50e3e564a9087cac2c9161d7aee19f",
    };
}
