using System.Diagnostics.CodeAnalysis;
using QuantBuild.Tool.Text;
using Spectre.Console;

namespace QuantBuild.Tool.Running;

/// <summary>Where the tool writes: answers and diagnostics on standard output, its log on standard error.</summary>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="Tables">Standard output for tables; colours and escape sequences only on a terminal that wants them.</param>
/// <param name="Progress">Standard error when it is a terminal that can redraw; else null.</param>
/// <param name="Commands">Standard output for commands to a CI system, which escape what they hold themselves.</param>
internal sealed record ToolConsole(TextWriter Out, TextWriter Error, IAnsiConsole Tables, IAnsiConsole? Progress, TextWriter Commands)
{
    /// <summary>Wide enough that a redirected table never wraps.</summary>
    private const int Unlimited = 4096;

    /// <summary>The console of this process.</summary>
    public static ToolConsole OfProcess()
    {
        IAnsiConsole progress = View(Console.Error, Console.IsErrorRedirected);
        bool redraws = progress.Profile.Capabilities is { Ansi: true, Interactive: true };
        return To(Console.Out, Console.Error, View(Console.Out, Console.IsOutputRedirected), redraws ? progress : null);
    }

    /// <summary>A console without a terminal.</summary>
    public static ToolConsole To(TextWriter output, TextWriter error) => To(output, error, View(output, redirected: true), progress: null);

    /// <summary>
    /// What the tool writes may hold names of strangers, so no writer but that of commands reaches a stream as it is; tables have a guard
    /// of their own.
    /// </summary>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope",
        Justification = "The writers are the process's, and end with it.")]
    private static ToolConsole To(TextWriter output, TextWriter error, IAnsiConsole tables, IAnsiConsole? progress) =>
        new(new PrintableWriter(output), new PrintableWriter(error), tables, progress, output);

    private static IAnsiConsole View(TextWriter writer, bool redirected)
    {
        // Spectre's enrichers would switch escape sequences on again for some CI systems: redirected output stays plain everywhere.
        IAnsiConsole view = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
            ColorSystem = redirected || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
                ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Enrichment = new ProfileEnrichment { UseDefaultEnrichers = !redirected },
        });
        if (redirected)
            view.Profile.Width = Unlimited;
        return view;
    }
}
