namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// A layer's error with a smoothing vector that it shares and with one of its own, by <see cref="RotationChoice.Error"/>.
/// </summary>
/// <param name="Shared">With the vector of the site.</param>
/// <param name="Own">With its own.</param>
internal readonly record struct ShareErrors(double Shared, double Own)
{
    /// <summary>Largest relative increase of the error that sharing may bring.</summary>
    public const double MostLoss = 0.01;

    /// <summary>Whether the layer can share.</summary>
    public bool AllowSharing => Shared <= (1 + MostLoss) * Own;
}
