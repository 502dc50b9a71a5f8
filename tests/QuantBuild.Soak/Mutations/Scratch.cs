namespace QuantBuild.Soak.Mutations;

/// <summary>A folder for readers that want a path.</summary>
internal static class Scratch
{
    /// <summary>The folder, of this process alone.</summary>
    public static string Folder { get; } = Directory.CreateTempSubdirectory("quantbuild-mutations-").FullName;

    static Scratch() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(Folder, recursive: true);
}
