namespace QuantBuild.Compiler.Actions;

/// <summary>Names the arithmetic that results depend on; part of every key.</summary>
public static class NumericProfile
{
    /// <summary>
    /// Own float32 kernels with a defined rounding per element, equal on every CPU. A change of any kernel's specification needs a new
    /// name.
    /// </summary>
    public const string Name = "cpu-1";
}
