using System.Globalization;

namespace QuantBuild.DeviceTable;

/// <summary>What is said on the command line.</summary>
internal sealed record DeviceOptions
{
    public const string Usage = """
        quantbuild-device --torch <folder> [--device cuda|cpu] [--size real|small] [--limit <seconds>] [--threads <n>] [--only <row,row>]
        Measures what a device does with QuantBuild.Torch and prints a table as JSON. It ends within the limit, and lists what was left out.
        """;

    /// <summary>A folder with libtorch, such as <c>torch/lib</c> of a Python install.</summary>
    public required string Torch { get; init; }

    /// <summary><c>cuda</c>, <c>cuda:1</c> or <c>cpu</c>.</summary>
    public string Device { get; init; } = "cuda";

    /// <summary>The shapes that are measured.</summary>
    public required Sizes Sizes { get; init; }

    /// <summary>When everything has to be over.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(7.5);

    /// <summary>Threads of products on the processor.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>The measurements that are wanted; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>The one measurement that this process is for; null for the process that starts them all.</summary>
    public string? Row { get; init; }

    /// <summary>The command line for a process of one measurement.</summary>
    public IEnumerable<string> For(string row) =>
    [
        "--torch", Torch, "--device", Device, "--size", Sizes.Name, "--threads", Threads.ToString(CultureInfo.InvariantCulture), "--row",
            row,
    ];

    /// <summary>Reads the command line; null when it is none.</summary>
    public static DeviceOptions? Parse(string[] args)
    {
        var said = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || !args[i].StartsWith("--", StringComparison.Ordinal))
                return null;
            said[args[i][2..]] = args[i + 1];
        }
        string device = said.GetValueOrDefault("device", "cuda");
        var sizes = Sizes.Of(said.GetValueOrDefault("size", device == "cpu" ? Sizes.Small.Name : Sizes.Real.Name));
        if (!said.TryGetValue("torch", out string? torch) || sizes is null
            || !int.TryParse(said.GetValueOrDefault("limit", "450"), NumberStyles.None, CultureInfo.InvariantCulture, out int limit)
            || !int.TryParse(said.GetValueOrDefault("threads", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)),
                NumberStyles.None, CultureInfo.InvariantCulture, out int threads) || threads < 1)
            return null;
        return new DeviceOptions
        {
            Torch = Path.GetFullPath(torch), Device = device, Sizes = sizes, Limit = TimeSpan.FromSeconds(limit), Threads = threads,
            Only = said.TryGetValue("only", out string? only) ? only.Split(',') : [], Row = said.GetValueOrDefault("row"),
        };
    }
}
