using System.Reflection;
using TorchSharp;

namespace QuantBuild.Compiler.Torch.Tests.Scalars;

/// <summary>Calls after which nothing refers to a scalar that libtorch may still read.</summary>
internal static class TemporaryScalars
{
    private static readonly Lazy<HashSet<MethodBase>> OfLibrary = new(FindInLibrary);

    /// <summary>
    /// The calls of some methods that make a scalar, unless it goes to a static field, and those of TorchSharp's methods that make one
    /// themselves.
    /// </summary>
    public static IEnumerable<(MethodBase From, MethodBase To)> In(IEnumerable<MethodBase> methods) => methods.SelectMany(method =>
        CallGraph.Calls(method).Where(call => OfLibrary.Value.Contains(call.Method) || (IsMaker(call.Method) && !call.IsStored))
            .Select(call => (method, call.Method)));

    /// <summary>Methods of TorchSharp that make a scalar, or call one that does. None of them holds it.</summary>
    private static HashSet<MethodBase> FindInLibrary()
    {
        Dictionary<MethodBase, MethodBase[]> calls = CallGraph.Methods(typeof(Scalar).Assembly).Where(method => !IsMaker(method))
            .ToDictionary(method => method, method => CallGraph.Calls(method).Select(call => call.Method).ToArray());
        HashSet<MethodBase> found = [.. calls.Where(entry => entry.Value.Any(IsMaker)).Select(entry => entry.Key)];
        for (int before = 0; before < found.Count;)
        {
            before = found.Count;
            found.UnionWith(calls.Where(entry => entry.Value.Any(found.Contains)).Select(entry => entry.Key));
        }
        return found;
    }

    private static bool IsMaker(MethodBase method) =>
        method is MethodInfo { ReturnType: var type } ? type == typeof(Scalar) : method.DeclaringType == typeof(Scalar);
}
