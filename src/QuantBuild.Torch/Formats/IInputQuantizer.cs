using static TorchSharp.torch;

namespace QuantBuild.Torch.Formats;

/// <summary>Makes of a layer's input what is multiplied. Every implementation gives the same bits on one device.</summary>
internal interface IInputQuantizer
{
    /// <summary>x / s, rotated.</summary>
    /// <param name="x">[tokens, channels], of any float type.</param>
    /// <param name="form">Smoothing and rotation.</param>
    /// <returns>[tokens, channels] float32.</returns>
    Tensor Smooth(Tensor x, InputForm form);

    /// <summary>The smoothed input rounded to MXFP4, as values.</summary>
    /// <param name="x">[tokens, channels], of any float type.</param>
    /// <param name="form">Smoothing and rotation.</param>
    /// <param name="rounding">How it is rounded.</param>
    /// <param name="target">Receives [tokens, channels]; its rows may be parts of longer ones.</param>
    /// <param name="keepsSmoothed">Whether the smoothed input is wanted.</param>
    /// <returns>The smoothed input, [tokens, channels] float32; null where it is not wanted.</returns>
    Tensor? Round(Tensor x, InputForm form, InputRounding rounding, Tensor target, bool keepsSmoothed);

    /// <summary>The smoothed input rounded to MXFP4 and folded to FP8.</summary>
    /// <inheritdoc cref="Round"/>
    (Fp8Fold.Rows Rows, Tensor? Smoothed) Fold(Tensor x, InputForm form, InputRounding rounding, bool keepsSmoothed);
}
