namespace QuantBuild.Compiler.Costs;

/// <summary>Processor seconds per multiply-add of each kind of work, on one thread.</summary>
/// <param name="Product">Float32 products, as the full-precision model runs them.</param>
/// <param name="LowRank">One pass of the decomposition without its rotations: outputs x inputs x width of the basis.</param>
/// <param name="Hessian">Tokens x inputs².</param>
/// <param name="Gptq">Outputs x inputs², the factorization included.</param>
/// <param name="Clip">Tokens x outputs x inputs, for all candidates of a bin.</param>
/// <param name="Measure">Tokens x (outputs x inputs and the low-rank branch), for all methods.</param>
/// <param name="ClipWeight">Outputs x inputs, once per bin: unpacking, and what does not grow with the tokens.</param>
/// <param name="MeasureWeight">The same of a measurement, once per bin.</param>
internal sealed record OperationSeconds(double Product, double LowRank, double Hessian, double Gptq, double Clip, double Measure,
    double ClipWeight, double MeasureWeight)
{
    /// <summary>A mixture, with this part of the first.</summary>
    public static OperationSeconds Between(OperationSeconds first, OperationSeconds second, double part) => new(
        Mix(first.Product, second.Product, part), Mix(first.LowRank, second.LowRank, part), Mix(first.Hessian, second.Hessian, part),
        Mix(first.Gptq, second.Gptq, part), Mix(first.Clip, second.Clip, part), Mix(first.Measure, second.Measure, part),
        Mix(first.ClipWeight, second.ClipWeight, part), Mix(first.MeasureWeight, second.MeasureWeight, part));

    /// <summary>All of them, so many times as long.</summary>
    public OperationSeconds Times(double factor) => new(Product * factor, LowRank * factor, Hessian * factor, Gptq * factor, Clip * factor,
        Measure * factor, ClipWeight * factor, MeasureWeight * factor);

    private static double Mix(double first, double second, double part) => (first * part) + (second * (1 - part));
}
