using System.Reflection;
using System.Text;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Projects;

/// <summary>
/// The files of a new model project, with names and words to be replaced: the content of the template package is the same.
/// </summary>
internal static class ProjectFiles
{
    private const string Prefix = "project/";
    private const string Schema = "quant.schema.json";

    private static readonly Assembly Home = typeof(ProjectFiles).Assembly;

    /// <summary>All files, by name, in ordinal order.</summary>
    /// <param name="name">Name of the project.</param>
    /// <param name="words">What stands for the words to be replaced, in addition to the name's.</param>
    public static IReadOnlyList<(string Name, byte[] Content)> Create(string name, IReadOnlyDictionary<string, string> words)
    {
        Dictionary<string, string> all = new(words) { ["ModelName"] = name, ["QUANTBUILD_VERSION"] = ToolVersion.Text };
        return [.. Home.GetManifestResourceNames().Where(resource => resource.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(resource => resource[Prefix.Length..]).Order(StringComparer.Ordinal)
            .Select(file =>
                (Replace(file, all), file == Schema
                    ? Read(file)
                    : Encoding.UTF8.GetBytes(Replace(Encoding.UTF8.GetString(Read(file)), all))))];
    }

    private static string Replace(string text, Dictionary<string, string> words) =>
        words.Aggregate(text, (done, word) => done.Replace(word.Key, word.Value, StringComparison.Ordinal));

    private static byte[] Read(string file)
    {
        using Stream stream = Home.GetManifestResourceStream(Prefix + file)!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
