namespace QuantBuild.HubServer;

/// <summary>What goes wrong with a request.</summary>
/// <param name="Kind">In which way.</param>
/// <param name="Status">The status to answer with.</param>
/// <param name="Headers">Headers of that answer.</param>
/// <param name="Body">Its body.</param>
/// <param name="After">Bytes after which a body is cut off.</param>
public sealed record Fault(FaultKind Kind, int Status = 500, (string Name, string Value)[]? Headers = null, string Body = "",
    long After = 0)
{
    /// <summary>Answers with a status.</summary>
    public static Fault Answer(int status, string body = "", params (string, string)[] headers) =>
        new(FaultKind.Answer, status, headers, body);

    /// <summary>Closes the connection without doing anything.</summary>
    public static Fault Drop { get; } = new(FaultKind.Drop);

    /// <summary>Does everything, then closes the connection instead of answering.</summary>
    public static Fault LoseAnswer { get; } = new(FaultKind.LoseAnswer);

    /// <summary>Closes the connection in the middle of the answer's body.</summary>
    public static Fault Truncate(long after) => new(FaultKind.Truncate, After: after);

    /// <summary>Stops in the middle of the answer's body and keeps the connection open.</summary>
    public static Fault Stall(long after) => new(FaultKind.Stall, After: after);

    /// <summary>Flips a bit of the answer's body.</summary>
    public static Fault Corrupt { get; } = new(FaultKind.Corrupt);

    /// <summary>Never answers.</summary>
    public static Fault Hang { get; } = new(FaultKind.Hang);
}

/// <summary>Ways in which a request goes wrong.</summary>
public enum FaultKind
{
    Answer,
    Drop,
    LoseAnswer,
    Truncate,
    Stall,
    Corrupt,
    Hang,
}
