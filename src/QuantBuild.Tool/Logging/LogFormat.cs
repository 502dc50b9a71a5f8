namespace QuantBuild.Tool.Logging;

/// <summary>Form of the log.</summary>
internal enum LogFormat
{
    /// <summary>For people: a live display on a terminal, plain lines elsewhere.</summary>
    Text,

    /// <summary>For programs: one JSON object per line on standard output.</summary>
    Json,
}
