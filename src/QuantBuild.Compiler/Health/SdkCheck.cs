using System.Globalization;
using QuantBuild.Compiler.Processes;

namespace QuantBuild.Compiler.Health;

/// <summary>The .NET SDK that <c>dotnet build</c> uses in the current folder.</summary>
internal static class SdkCheck
{
    private const int Needed = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static MachineCheck Of(string? dotnet) => dotnet is null
        ? Problem("there is no dotnet on the PATH",
            "Model projects cannot be built: install the .NET 10 SDK. `quantbuild build` works without it.")
        : Judge(Ask(dotnet));

    /// <summary>Judges what <c>dotnet --version</c> answered.</summary>
    internal static MachineCheck Judge((bool Succeeded, string Text)? answer)
    {
        if (answer is not ({ } succeeded, { } text))
            return Problem("dotnet does not answer", "Model projects cannot be built: install the .NET 10 SDK again.");
        string first = text.Split('\n')[0].Trim();
        if (!succeeded)
            return Problem(first,
                "Model projects cannot be built here: a global.json asks for an SDK that is not installed, or only the runtime is.");
        return int.TryParse(first.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int major) && major >= Needed
            ? new MachineCheck("SDK", CheckState.Good, $".NET SDK {first}", "Model projects can be built.")
            : Problem($".NET SDK {first}",
                "Model projects need the .NET SDK 10 or later (QB0009): install it, or let global.json allow it.");
    }

    private static (bool Succeeded, string Text)? Ask(string dotnet)
    {
        try
        {
            return ProgramProcess.Run(dotnet, Patience, "--version") is { } result
                ? (result.ExitCode == 0, result.Out.Trim() is { Length: > 0 } text ? text : result.Error.Trim())
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static MachineCheck Problem(string finding, string meaning) => new("SDK", CheckState.Problem, finding, meaning);
}
