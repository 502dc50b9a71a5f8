namespace QuantBuild.Torch.Native;

/// <summary>
/// Several folders as one: a library looks for what it needs beside itself, and not by the names of what is loaded already.
/// </summary>
internal static class JoinedFolder
{
    /// <summary>
    /// One folder itself; for several a folder of links to all their files, which is gone with the process. Windows, where links are a
    /// privilege, looks on the PATH, which gets the folders.
    /// </summary>
    /// <param name="folders">The folders, absolute.</param>
    /// <returns>Where the files are to be loaded from.</returns>
    public static string[] Of(string[] folders) => folders.Length == 1 ? folders
        : OperatingSystem.IsWindows() ? OnPath(folders)
        : [Linked(folders)];

    private static string Linked(string[] folders)
    {
        string joined = Directory.CreateTempSubdirectory("quantbuild-libtorch-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(joined, recursive: true);
        foreach (string file in folders.SelectMany(Directory.EnumerateFiles))
        {
            string link = Path.Combine(joined, Path.GetFileName(file));
            if (!File.Exists(link))
                File.CreateSymbolicLink(link, file);
        }
        return joined;
    }

    private static string[] OnPath(string[] folders)
    {
        Environment.SetEnvironmentVariable("PATH",
            string.Join(Path.PathSeparator, [.. folders, Environment.GetEnvironmentVariable("PATH")]));
        return folders;
    }
}
