namespace QuantBuild.Compiler.Hub;

/// <summary>How far a transfer is.</summary>
/// <param name="Done">Bytes transferred, or found to be there already.</param>
/// <param name="Total">Bytes in all.</param>
/// <param name="BytesPerSecond">Speed over the last seconds, of what was really transferred.</param>
/// <param name="Remaining">Time left at this speed; null when nothing moves.</param>
internal readonly record struct TransferStatus(long Done, long Total, double BytesPerSecond, TimeSpan? Remaining);
