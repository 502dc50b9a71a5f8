using System.Globalization;

namespace QuantBuild.Benchmarks;

/// <summary>What to measure.</summary>
/// <param name="Outputs">Rows of the weight.</param>
/// <param name="Inputs">Columns of the weight.</param>
/// <param name="Tokens">Rows of the activation.</param>
/// <param name="Threads">Threads of every contestant.</param>
/// <param name="Rounds">How often every contestant runs.</param>
internal sealed record Settings(int Outputs, int Inputs, int Tokens, int Threads, int Rounds)
{
    /// <summary>Reads the command line; null when it makes no sense.</summary>
    public static Settings? Parse(IReadOnlyList<string> args)
    {
        var settings = new Settings(5120, 5120, 4096, Environment.ProcessorCount, 3);
        for (int i = 0; i < args.Count; i++)
        {
            if (args[i].Split('x') is [string rows, string columns] && Number(rows) is { } outputs && Number(columns) is { } inputs)
                settings = settings with { Outputs = outputs, Inputs = inputs };
            else if (i + 1 < args.Count && Number(args[i + 1]) is { } value && Option(settings, args[i++], value) is { } changed)
                settings = changed;
            else
                return null;
        }
        return settings;
    }

    private static Settings? Option(Settings settings, string name, int value) => name switch
    {
        "--tokens" => settings with { Tokens = value },
        "--threads" => settings with { Threads = value },
        "--rounds" => settings with { Rounds = value },
        _ => null,
    };

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
        && value > 0 ? value : null;

    /// <summary>Operations of one fp32 product of the tokens with the layer.</summary>
    public double Operations => 2.0 * Tokens * Outputs * Inputs;
}
