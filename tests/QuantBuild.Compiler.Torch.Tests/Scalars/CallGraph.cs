using System.Reflection;
using System.Reflection.Emit;

namespace QuantBuild.Compiler.Torch.Tests.Scalars;

/// <summary>What methods of an assembly call, read from their IL: nothing of it is run.</summary>
internal static class CallGraph
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>Every method and constructor of an assembly that has a body.</summary>
    public static IEnumerable<MethodBase> Methods(Assembly assembly) => assembly.GetTypes()
        .SelectMany(type => type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)))
        .Where(method => method.GetMethodBody() is not null);

    /// <summary>A method that a body calls, makes with <c>new</c> or takes the address of; a generic one as it is declared.</summary>
    /// <param name="Method">The method.</param>
    /// <param name="IsStored">Whether what it returns goes to a static field.</param>
    public readonly record struct Call(MethodBase Method, bool IsStored);

    /// <summary>The calls of a body.</summary>
    public static IEnumerable<Call> Calls(MethodBase method)
    {
        byte[] body = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        Type[]? ofType = method.DeclaringType?.GetGenericArguments(), ofMethod = method.IsGenericMethod
            ? method.GetGenericArguments()
            : null;
        for (int at = 0; at < body.Length;)
        {
            short value = body[at++];
            if (value == 0xFE)
                value = (short)(0xFE00 | body[at++]);
            OpCode code = Codes[value];
            if (code.OperandType == OperandType.InlineMethod
                && method.Module.ResolveMethod(BitConverter.ToInt32(body, at), ofType, ofMethod) is { } called)
                yield return new Call(Definition(called), at + 4 < body.Length && body[at + 4] == (byte)OpCodes.Stsfld.Value);
            at += SizeOf(code.OperandType, body, at);
        }
    }

    private static MethodBase Definition(MethodBase method) => method is MethodInfo { IsGenericMethod: true } generic
        ? generic.GetGenericMethodDefinition()
        : method;

    private static int SizeOf(OperandType operand, byte[] body, int at) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(body, at)),
        _ => 4,
    };
}
