using Spectre.Console;

namespace QuantBuild.Tool;

/// <summary>Where the tool writes: answers and diagnostics on standard output, its log on standard error.</summary>
/// <param name="Out">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="Tables">Standard output for tables; colours and escape sequences only on a terminal that wants them.</param>
/// <param name="Progress">Standard error when it is a terminal that can redraw; else null.</param>
internal sealed record ToolConsole(TextWriter Out, TextWriter Error, IAnsiConsole Tables, IAnsiConsole? Progress)
{
    /// <summary>Wide enough that a redirected table never wraps.</summary>
    private const int Unlimited = 4096;

    /// <summary>The console of this process.</summary>
    public static ToolConsole OfProcess()
    {
        IAnsiConsole tables = View(Console.Out, Console.IsOutputRedirected);
        IAnsiConsole progress = View(Console.Error, Console.IsErrorRedirected);
        bool redraws = progress.Profile.Capabilities is { Ansi: true, Interactive: true };
        return new ToolConsole(Console.Out, Console.Error, tables, redraws ? progress : null);
    }

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
