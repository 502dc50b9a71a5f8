namespace QuantBuild.Compiler.Quantizers;

/// <summary>Output errors of some rows of a layer, by <see cref="RotationChoice.Error"/>.</summary>
/// <param name="Plain">Without a rotation.</param>
/// <param name="Rotated">With the Hadamard transform of every block.</param>
internal readonly record struct RotationErrors(double Plain, double Rotated)
{
    /// <summary>Whether the rotation takes off enough.</summary>
    public bool FavourRotation => Rotated < (1 - RotationChoice.LeastGain) * Plain;
}
