using System.Buffers;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

namespace QuantBuild.MSBuild;

/// <summary>
/// Items of paths as they are. The constructors of <see cref="TaskItem"/> take escaped text: a semicolon in it ends an item where the
/// list is next expanded, and <c>%41</c> becomes a letter.
/// </summary>
internal static class LiteralItem
{
    private static readonly SearchValues<char> Special = SearchValues.Create("%*?@$();'");

    /// <summary>An item.</summary>
    /// <param name="path">What it is, as the file system knows it.</param>
    /// <param name="metadata">Its metadata, not escaped.</param>
    public static ITaskItem Of(string path, Dictionary<string, string>? metadata = null)
    {
        var item = new TaskItem(Escape(path));
        foreach ((string name, string value) in metadata ?? [])
            item.SetMetadata(name, Escape(value));
        return item;
    }

    private static string Escape(string text)
    {
        if (text.AsSpan().IndexOfAny(Special) < 0)
            return text;
        var escaped = new StringBuilder();
        foreach (char c in text)
        {
            if (Special.Contains(c))
                escaped.Append('%').Append(((int)c).ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
            else
                escaped.Append(c);
        }
        return escaped.ToString();
    }
}
