using QuantBuild.Matrices;

namespace QuantBuild.Models;

/// <summary>What every linear layer asks of its operands.</summary>
internal static class LinearShape
{
    /// <summary>Checks the shapes of a call of <see cref="ILinear.Apply"/>, and that the rows of y are dense.</summary>
    /// <exception cref="ArgumentException">They do not fit the layer.</exception>
    public static void Check(ILinear layer, ReadOnlyMatrixView x, ReadOnlyMatrixView y)
    {
        if (x.Columns != layer.InFeatures || y.Columns != layer.OutFeatures || x.Rows != y.Rows)
            throw new ArgumentException(
                $"a layer {layer.OutFeatures}x{layer.InFeatures} does not take {x.Rows}x{x.Columns} to {y.Rows}x{y.Columns}");
        y.RequireDenseRows();
    }
}
