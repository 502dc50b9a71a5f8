using System.Globalization;
using QuantBuild.Compiler.Costs;

namespace QuantBuild.Compiler.Health;

/// <summary>How fast the arithmetic can be. Results are the same everywhere.</summary>
internal static class ProcessorCheck
{
    public static MachineCheck Of(int cores, InstructionSets sets)
    {
        (CheckState state, string name, string meaning) = sets switch
        {
            { Wide: true } => (CheckState.Good, "AVX-512", "The fastest kernels are used."),
            { Usual: true } => (CheckState.Good, "AVX2", "Kernels of 256 bits are used; AVX-512 would be up to twice as fast."),
            _ => (CheckState.Note, "no AVX2",
                "The portable kernels are used: builds take many times as long, with the same result. A processor of x64 with AVX2 helps."),
        };
        return new MachineCheck("processor", state,
            string.Create(CultureInfo.InvariantCulture, $"{cores} {(cores == 1 ? "core" : "cores")}, {sets.Architecture}, {name}"),
                meaning);
    }
}
