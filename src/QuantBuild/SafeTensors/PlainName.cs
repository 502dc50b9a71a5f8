namespace QuantBuild.SafeTensors;

/// <summary>Names of files and folders that come from files and must not lead anywhere else.</summary>
internal static class PlainName
{
    /// <summary>Whether a name stays in its folder on every system: no separator, drive, address or hidden name.</summary>
    public static bool Is(string name) =>
        name is { Length: > 0 and <= 255 } and not ['.', ..] && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
