namespace QuantBuild.Compiler.Quantizers;

/// <summary>What is needed to state a layer's error, in a form that adds up over bins, layers and experts.</summary>
/// <param name="Reference"><c>||Y||²</c>, Y being the full-precision output without bias.</param>
/// <param name="Difference"><c>||Y - Yhat||²</c>.</param>
/// <param name="Product"><c>&lt;Y, Yhat&gt;</c>.</param>
/// <param name="Output"><c>||Yhat||²</c>.</param>
internal readonly record struct ErrorSums(double Reference, double Difference, double Product, double Output)
{
    /// <summary><c>||Y - Yhat|| / ||Y||</c>; 0 when nothing differs, infinity when only the reference is zero.</summary>
    public double RelativeError => Difference == 0 ? 0 : Math.Sqrt(Difference / Reference);

    /// <summary>Cosine of the angle between Y and Yhat; 1 when both are zero, 0 when one is.</summary>
    public double Cosine => Reference == 0 && Output == 0 ? 1
        : Reference == 0 || Output == 0 ? 0
        : Product / Math.Sqrt(Reference) / Math.Sqrt(Output);

    /// <summary>The sums over both sets of outputs.</summary>
    public static ErrorSums operator +(ErrorSums a, ErrorSums b) =>
        new(a.Reference + b.Reference, a.Difference + b.Difference, a.Product + b.Product, a.Output + b.Output);
}
