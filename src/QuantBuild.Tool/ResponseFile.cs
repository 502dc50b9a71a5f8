using System.Text.Json;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool;

/// <summary>
/// A command line in a file, as the build step writes it: <c>quantbuild @file</c>. It is the first argument or none; an option's value that
/// begins with @ is that value.
/// </summary>
internal static class ResponseFile
{
    /// <summary>The command line with its response file, if it begins with one, put in its place.</summary>
    /// <exception cref="UsageException">The file cannot be read.</exception>
    public static string[] Expand(string[] arguments)
    {
        if (arguments is not [{ Length: > 1 } first, .. string[] rest] || first[0] != '@')
            return arguments;
        string path = first[1..];
        try
        {
            return [.. Read(File.ReadAllLines(path)), .. rest];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new UsageException($"The response file '{path}' cannot be read: {failure.Message}");
        }
    }

    /// <summary>
    /// An argument a line: a JSON string when it begins with a quotation mark, else the line itself. Empty lines and comments, which begin
    /// with #, are left out.
    /// </summary>
    private static IEnumerable<string> Read(IEnumerable<string> lines) => lines.Where(line => line.Length > 0 && line[0] != '#')
        .Select(line => line[0] == '"' ? JsonSerializer.Deserialize<string>(line)! : line);
}
