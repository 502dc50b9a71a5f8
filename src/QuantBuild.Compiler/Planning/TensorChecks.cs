using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Planning;

/// <summary>Holds the tensors of a checkpoint against what its configuration implies.</summary>
internal static class TensorChecks
{
    // A wrong configuration makes every tensor wrong; ten of them tell as much as a thousand.
    private const int MostReports = 10;

    // Comparing names takes time with the product of their numbers.
    private const int MostCompared = 2000;

    /// <summary>Whether names, shapes and element types are all as they must be; what is not is reported.</summary>
    public static bool Check(string expert, string directory, WanCheckpoint checkpoint, WanConfig config, ICollection<Diagnostic> problems)
    {
        IReadOnlyDictionary<string, IReadOnlyList<long>> expected = WanTensors.ExpectedShapes(config);
        TensorInfo[] known = [.. expected.Keys.Where(checkpoint.Tensors.ContainsKey).Select(name => checkpoint.Tensors[name])];
        string[] missing = [.. expected.Keys.Where(name => !checkpoint.Tensors.ContainsKey(name))];
        string[] unexpected = [.. checkpoint.Tensors.Keys.Where(name => !expected.ContainsKey(name)).Order(StringComparer.Ordinal)];
        TensorInfo[] misshapen = [.. known.Where(tensor => !tensor.Shape.SequenceEqual(expected[tensor.Name]))];
        TensorInfo[] mistyped = [.. known.Where(tensor => tensor.DType is not (DType.F32 or DType.F16 or DType.BF16))];

        Report(missing, (name, more) =>
            Descriptors.MissingTensor.At(new SourceSpan(directory), name, expert, Nearest(name, unexpected) + more));
        Report(unexpected, (name, more) => Descriptors.UnexpectedTensor.At(FileOf(name), name, more));
        Report(misshapen, (tensor, more) =>
            Descriptors.WrongShape.At(FileOf(tensor.Name), tensor.Name, Spell(tensor.Shape), Spell(expected[tensor.Name]), more));
        Report(mistyped, (tensor, more) => Descriptors.WrongDType.At(FileOf(tensor.Name), tensor.Name, tensor.DType, more));
        return missing.Length + unexpected.Length + misshapen.Length + mistyped.Length == 0;

        SourceSpan FileOf(string name) => new(checkpoint.FileOf(name));

        void Report<T>(T[] faults, Func<T, string, Diagnostic> diagnostic)
        {
            for (int i = 0; i < Math.Min(faults.Length, MostReports); i++)
            {
                bool last = i == MostReports - 1 && faults.Length > MostReports;
                problems.Add(diagnostic(faults[i], last
                    ? string.Create(CultureInfo.InvariantCulture, $" (and {faults.Length - MostReports} more)")
                    : ""));
            }
        }
    }

    /// <summary>What may be the tensor under another name.</summary>
    private static string Nearest(string name, string[] unexpected) =>
        Suggestion.Nearest(name, unexpected.Take(MostCompared)) is { } near ? $"; the closest name there is '{near}'" : "";

    private static string Spell(IEnumerable<long> shape) => string.Join(", ", shape);
}
