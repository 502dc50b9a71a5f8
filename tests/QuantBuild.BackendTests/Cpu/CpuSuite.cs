namespace QuantBuild.BackendTests.Cpu;

public sealed class CpuLayerTests : LayerTests
{
    internal override BackendFixture Fixture { get; } = new CpuFixture();
}

public sealed class CpuLayerChoiceTests : LayerChoiceTests
{
    internal override BackendFixture Fixture { get; } = new CpuFixture();
}

public sealed class CpuLayerInputTests : LayerInputTests
{
    internal override BackendFixture Fixture { get; } = new CpuFixture();
}

public sealed class CpuLayerGoldenTests : LayerGoldenTests
{
    internal override BackendFixture Fixture { get; } = new CpuFixture();
}

public sealed class CpuLayerMemoryTests : LayerMemoryTests
{
    internal override BackendFixture Fixture { get; } = new CpuFixture();
}

public sealed class CpuFingerprintTests : FingerprintTests
{
    internal override BackendFixture Fixture { get; } = new CpuFixture();
}

public sealed class CpuDenoiserTests : DenoiserTests
{
    internal override BackendFixture Fixture { get; } = new CpuFixture();
}
