using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Stages;

/// <summary>
/// Summed squared errors of a layer, which agree between arithmetics of different precision although its codes need not: a code that
/// rounds the other way changes the sum by next to nothing, a mistake by a multiple.
/// </summary>
internal static class LayerErrorTolerance
{
    /// <summary>The tolerance of a stage that stores such sums.</summary>
    /// <param name="errors">Reads them, in a fixed order; none where an action has none.</param>
    public static Tolerance Of(Func<IBlobFiles, IReadOnlyDictionary<string, BlobRef>, IEnumerable<double>> errors) =>
        new("summed errors", 0.1, (store, outputs) => [.. errors(store, outputs)]);
}
