namespace QuantBuild.Json;

/// <summary>JSON that is not what its reader asks for. Readers turn it into their own coded error.</summary>
/// <remarks>A <see cref="FormatException"/>, like everything else that says that a text has not the form it should have.</remarks>
internal sealed class MalformedJsonException : FormatException
{
    /// <summary>Something that has no place.</summary>
    public MalformedJsonException(string why, Exception? cause = null)
        : base(why, cause)
    {
    }

    /// <summary>Something at a line of the text.</summary>
    /// <param name="why">What is wrong.</param>
    /// <param name="line">The line, from 1.</param>
    /// <param name="column">The byte within the line, from 1.</param>
    /// <param name="cause">What the base library said.</param>
    public MalformedJsonException(string why, int line, int column, Exception? cause = null)
        : base(FormattableString.Invariant($"{why} (line {line}, byte {column})"), cause)
    {
        Line = line;
        Column = column;
    }

    /// <summary>The line, from 1; 0 when only the value's name is known.</summary>
    public int Line { get; }

    /// <summary>The byte within the line, from 1; 0 when only the value's name is known.</summary>
    public int Column { get; }
}
