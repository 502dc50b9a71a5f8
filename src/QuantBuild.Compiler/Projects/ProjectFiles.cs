using System.Reflection;
using System.Text;
using QuantBuild.Compiler.Store;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Projects;

/// <summary>
/// The files of a new model project, with names and words to be replaced: the content of the template package is the same, but for those
/// of a text-to-video model.
/// </summary>
internal static class ProjectFiles
{
    private const string Prefix = "project/";
    private const string TextPrefix = "text-to-video/";
    private const string Schema = "quant.schema.json";

    private static readonly Assembly Home = typeof(ProjectFiles).Assembly;

    /// <summary>All files, by name, in ordinal order.</summary>
    /// <param name="name">Name of the project.</param>
    /// <param name="architecture">The model.</param>
    /// <param name="words">What stands for the words to be replaced, in addition to the name's.</param>
    public static IReadOnlyList<(string Name, byte[] Content)> Create(string name, WanArchitecture architecture,
        IReadOnlyDictionary<string, string> words)
    {
        string[] resources = Home.GetManifestResourceNames();
        Dictionary<string, string> all = new(words) { ["ModelName"] = name, ["QUANTBUILD_VERSION"] = ToolVersion.Text };
        return [.. resources.Where(resource => resource.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(resource => resource[Prefix.Length..]).Order(StringComparer.Ordinal)
            .Select(file =>
                (Replace(file, all), file == Schema
                    ? Read(Prefix + file)
                    : Encoding.UTF8.GetBytes(Replace(Encoding.UTF8.GetString(Read(ResourceOf(file))), all))))];

        string ResourceOf(string file) =>
            !architecture.TakesPicture && resources.Contains(TextPrefix + file) ? TextPrefix + file : Prefix + file;
    }

    private static string Replace(string text, Dictionary<string, string> words) =>
        words.Aggregate(text, (done, word) => done.Replace(word.Key, word.Value, StringComparison.Ordinal));

    private static byte[] Read(string resource)
    {
        using Stream stream = Home.GetManifestResourceStream(resource)!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }
}
