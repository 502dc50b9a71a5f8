namespace QuantBuild.Compiler.Store;

/// <summary>What the store remembers of one stage.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Actions">Number of actions.</param>
/// <param name="Bytes">Size of their outputs; content that several share counts for each.</param>
/// <param name="Seconds">How long they ran when they ran: the time that the cache can save.</param>
internal sealed record StageStatistics(string Stage, int Actions, long Bytes, double Seconds);
