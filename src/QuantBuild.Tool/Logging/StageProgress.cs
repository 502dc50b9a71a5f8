namespace QuantBuild.Tool.Logging;

/// <summary>How far one kind of action is.</summary>
/// <param name="name">What a person calls it.</param>
internal sealed class StageProgress(string name)
{
    public string Name => name;

    /// <summary>Actions that are known of.</summary>
    public int Actions { get; set; }

    public int Ran { get; set; }

    public int Cached { get; set; }

    public int Finished => Ran + Cached;

    /// <summary>Seconds that those took which ran, over all threads.</summary>
    public double Work { get; set; }

    /// <summary>Seconds that were expected of them.</summary>
    public double Expected { get; set; }

    /// <summary>Seconds that are expected of those which have not ended.</summary>
    public double Remaining { get; set; }
}
