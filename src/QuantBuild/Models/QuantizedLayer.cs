using QuantBuild.Formats;

namespace QuantBuild.Models;

/// <summary>The parameters of a quantized linear layer, as an artifact stores them.</summary>
internal sealed record QuantizedLayer
{
    /// <summary>Rows of the weight.</summary>
    public required int OutFeatures { get; init; }

    /// <summary>Columns of the weight.</summary>
    public required int InFeatures { get; init; }

    /// <summary>E2M1 codes of the residual weight, [out, <see cref="Mxfp4.CodeBytes"/>(in)], even column in the low nibble.</summary>
    public required ReadOnlyMemory<byte> Codes { get; init; }

    /// <summary>E8M0 scales, [out, <see cref="Mxfp4.Blocks"/>(in)].</summary>
    public required ReadOnlyMemory<byte> Scales { get; init; }

    /// <summary>Smoothing vector the input is divided by, [in]; empty for none.</summary>
    public ReadOnlyMemory<float> Smooth { get; init; }

    /// <summary>What happens to the input after the division; both branches read it.</summary>
    internal Rotation Rotation { get; init; }

    /// <summary>Rank of the low-rank branch.</summary>
    public int Rank { get; init; }

    /// <summary>First factor of the low-rank branch, [rank, in].</summary>
    public ReadOnlyMemory<float> Down { get; init; }

    /// <summary>Second factor of the low-rank branch, [out, rank].</summary>
    public ReadOnlyMemory<float> Up { get; init; }

    /// <summary>Bias, [out]; empty for none.</summary>
    public ReadOnlyMemory<float> Bias { get; init; }

    /// <summary>How the input of the main branch is rounded; null leaves it (w4a16).</summary>
    public ActivationPolicy? Activations { get; init; }

    /// <summary>Refuses parameters that do not fit each other.</summary>
    /// <exception cref="ArgumentException">A length is not what the shape asks for.</exception>
    internal void Check()
    {
        Require(Codes.Length, (long)OutFeatures * Mxfp4.CodeBytes(InFeatures), nameof(Codes));
        Require(Scales.Length, (long)OutFeatures * Mxfp4.Blocks(InFeatures), nameof(Scales));
        Require(Smooth.Length, Smooth.IsEmpty ? 0 : InFeatures, nameof(Smooth));
        Require(Down.Length, (long)Rank * InFeatures, nameof(Down));
        Require(Up.Length, (long)OutFeatures * Rank, nameof(Up));
        if (Rotation == Rotation.Hadamard32 && InFeatures % Mxfp4.BlockSize != 0)
            throw new ArgumentException($"the {InFeatures} inputs of a rotated layer are not whole blocks of {Mxfp4.BlockSize}");
        Require(Bias.Length, Bias.IsEmpty ? 0 : OutFeatures, nameof(Bias));
    }

    private void Require(int length, long expected, string name)
    {
        if (length != expected)
            throw new ArgumentException(
                $"{name} of a {OutFeatures} x {InFeatures} layer of rank {Rank} has {length} elements instead of {expected}");
    }
}
