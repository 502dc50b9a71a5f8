using System.Reflection;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Compiler.Torch.Tests.Scalars;

/// <summary>
/// No scalar may be finalized while libtorch reads it. TorchSharp gives libtorch the handle of a <see cref="Scalar"/> and forgets the
/// object, in all of its methods: who makes one has to hold it, and <see cref="HeldScalars"/> does.
/// </summary>
public sealed class TemporaryScalarTests
{
    // Numbers among a script's arguments become scalars; the products of folded rows have tensors alone.
    private static readonly string[] Known = ["QuantBuild.Torch.Formats.ScaledProduct.Multiply: CompilationUnit.invoke"];

    [Theory]
    [InlineData("QuantBuild.Torch")]
    [InlineData("QuantBuild.Compiler.Torch")]
    public void NoneIsLeftToTheFinalizer(string assembly)
    {
        IEnumerable<MethodBase> methods = CallGraph.Methods(Assembly.Load(assembly))
            .Where(method => method.DeclaringType != typeof(HeldScalars));

        string[] found = [.. TemporaryScalars.In(methods).Select(Name).Distinct().Except(Known)];

        Assert.True(found.Length == 0, $"{string.Join('\n', found)}\nleave a scalar to the finalizer: HeldScalars holds it");
    }

    [Fact]
    public void EveryWayToMakeOneIsFound()
    {
        IEnumerable<MethodBase> methods = CallGraph.Methods(typeof(Examples).Assembly)
            .Where(method => method.DeclaringType == typeof(Examples));

        string[] found = [.. TemporaryScalars.In(methods).Select(call => call.From.Name).Distinct().Order(StringComparer.Ordinal)];

        Assert.Equal(["Factor", "Filled", "Power", "Sum", "Threshold"], found);
    }

    private static string Name((MethodBase From, MethodBase To) call) =>
        $"{call.From.DeclaringType}.{call.From.Name}: {call.To.DeclaringType!.Name}.{call.To.Name}";

    private static class Examples
    {
        private static readonly Scalar Held = 3;

        public static Tensor Sum(Tensor x, Tensor y) => x + y;

        public static Tensor Factor(Tensor x) => x * 2;

        public static Tensor Threshold(Tensor x) => x > 0.5f;

        public static Tensor Power(Tensor x) => x.square();

        public static Tensor Filled(Tensor x, Tensor mask) => x.masked_fill(mask, 0);

        public static Tensor Fine(Tensor x, Tensor y) => (x - y).mm(y).mul(Held).Plus(y);
    }
}
