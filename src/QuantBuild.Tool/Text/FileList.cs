using QuantBuild.Compiler.Store;

namespace QuantBuild.Tool.Text;

/// <summary>Lists of files for build systems: absolute paths, one per line.</summary>
internal static class FileList
{
    /// <summary>Writes a list; nothing when no file is named. The file appears whole or not at all.</summary>
    public static void Write(string? path, IEnumerable<string> files)
    {
        if (path is null)
            return;
        string target = Path.GetFullPath(path);
        string temporary = $"{target}.{Environment.ProcessId}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllLines(temporary, files);
            File.Move(temporary, target, overwrite: true);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, target);
        }
    }
}
