namespace QuantBuild.Compiler.Diagnostics;

/// <summary>"Did you mean": the nearest of a few known words.</summary>
internal static class Suggestion
{
    // Nobody who writes a longer one meant a word of ours.
    private const int LongestWord = 256;

    /// <summary>Ends a message about an unknown word: with the word that was probably meant, or with all of them.</summary>
    /// <param name="word">What is there.</param>
    /// <param name="known">What could be there; not empty.</param>
    /// <param name="what">What the words are, such as "known keys".</param>
    public static string For(string word, IReadOnlyCollection<string> known, string what) =>
        Nearest(word, known) is { } near ? $"did you mean '{near}'?" : $"{what} are {string.Join(", ", known)}";

    /// <summary>The known word with the fewest edits, case aside, or null when all are too far off to be meant.</summary>
    public static string? Nearest(string word, IEnumerable<string> known)
    {
        string upper = word.Length <= LongestWord ? word.ToUpperInvariant() : "";
        (string? Word, int Distance) best = (null, int.MaxValue);
        foreach (string candidate in known)
        {
            // Every character that one word has more is an edit: most candidates are too far off before a letter is compared.
            int tolerated = Math.Max(1, Math.Min(word.Length, candidate.Length) / 3);
            if (Math.Abs(word.Length - candidate.Length) > tolerated || upper.Length == 0 || candidate.Length > LongestWord)
                continue;
            int distance = Distance(upper, candidate.ToUpperInvariant());
            if (distance <= tolerated
                && (distance < best.Distance || (distance == best.Distance && string.CompareOrdinal(candidate, best.Word) < 0)))
                best = (candidate, distance);
        }
        return best.Word;
    }

    /// <summary>
    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other (optimal string alignment).
    /// </summary>
    internal static int Distance(string a, string b)
    {
        var distance = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
            distance[i, 0] = i;
        for (int j = 0; j <= b.Length; j++)
            distance[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int replaced = distance[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                int edited = Math.Min(replaced, Math.Min(distance[i - 1, j], distance[i, j - 1]) + 1);
                bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                distance[i, j] = swapped ? Math.Min(edited, distance[i - 2, j - 2] + 1) : edited;
            }
        }
        return distance[a.Length, b.Length];
    }
}
