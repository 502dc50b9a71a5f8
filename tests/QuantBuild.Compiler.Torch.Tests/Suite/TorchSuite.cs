using QuantBuild.BackendTests;

namespace QuantBuild.Compiler.Torch.Tests.Suite;

public sealed class TorchLayerTests : LayerTests
{
    internal override BackendFixture Fixture { get; } = new Float32Fixture();
}

public sealed class TorchLayerChoiceTests : LayerChoiceTests
{
    internal override BackendFixture Fixture { get; } = new Float32Fixture();
}

public sealed class TorchLayerInputTests : LayerInputTests
{
    internal override BackendFixture Fixture { get; } = new Float32Fixture();
}

public sealed class TorchLayerGoldenTests : LayerGoldenTests
{
    internal override BackendFixture Fixture { get; } = new Float32Fixture();
}

public sealed class TorchLayerMemoryTests : LayerMemoryTests
{
    internal override BackendFixture Fixture { get; } = new Float32Fixture();
}

public sealed class TorchFingerprintTests : FingerprintTests
{
    internal override BackendFixture Fixture { get; } = new Float32Fixture();
}

public sealed class TorchDenoiserTests : DenoiserTests
{
    internal override BackendFixture Fixture { get; } = new Float32Fixture();
}

public sealed class TorchBFloat16DenoiserTests : DenoiserTests
{
    internal override BackendFixture Fixture { get; } = new BFloat16Fixture();
}
