using System.Runtime.InteropServices;

namespace QuantBuild.Torch.Native;

/// <summary>
/// Folders whose files are one libtorch together: one folder as a rule, one for each package where a libtorch for CUDA is split among
/// several; none where the app's own packages brought it.
/// </summary>
/// <param name="folders">The folders, absolute.</param>
internal sealed class LibraryFolders(string[] folders)
{
    private readonly Lazy<string[]> _joined = new(() => JoinedFolder.Of(folders));

    /// <summary>The folders, for messages.</summary>
    public string Name => folders.Length == 0 ? "the app" : string.Join(", ", folders);

    /// <summary>File name of a library.</summary>
    /// <param name="name">Its name, such as <c>torch_cpu</c>.</param>
    public static string FileOf(string name) => OperatingSystem.IsWindows() ? $"{name}.dll"
        : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";

    /// <summary>Loads a library.</summary>
    /// <exception cref="TorchException">It is not there, or cannot be loaded.</exception>
    public nint Load(string name)
    {
        if (folders.Length == 0)
            return FromApp(name);
        if (Find(name) is not { } file)
            throw new TorchException(TorchProblem.LibraryMissing, $"there is no libtorch in {Name}, no {FileOf(name)}");
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            throw new TorchException(TorchProblem.LibraryMissing, $"{file} cannot be loaded: {Reason(e)}", e);
        }
    }

    /// <summary>Loads what TorchSharp's library asks for besides.</summary>
    /// <exception cref="TorchException">It is not there, or cannot be loaded.</exception>
    public void LoadRest()
    {
        if (folders.Length > 0)
            _ = Load("torch");
    }

    /// <summary>Loads a library that need not be there.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Its handle; 0 where it is not there.</returns>
    public nint TryLoad(string name)
    {
        nint library = 0;
        return (folders.Length == 0
            ? NativeLibrary.TryLoad(name, typeof(LibraryFolders).Assembly, null, out library)
            : Find(name) is { } file && NativeLibrary.TryLoad(file, out library))
            ? library
            : 0;
    }

    /// <summary>What the system's loader says; .NET puts a sentence of advice before it.</summary>
    private static string Reason(Exception e)
    {
        string[] lines = e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines[Math.Min(1, lines.Length - 1)];
    }

    private static nint FromApp(string name) =>
        NativeLibrary.TryLoad(name, typeof(LibraryFolders).Assembly,
            DllImportSearchPath.SafeDirectories | DllImportSearchPath.AssemblyDirectory, out nint library)
        ? library
        : throw new TorchException(TorchProblem.LibraryMissing,
            $"there is no libtorch: reference the package libtorch-cpu-{RuntimeInformation.RuntimeIdentifier} {TorchLibrary.Version}.0 or "
                + $"one for CUDA, or name a folder that has it, such as torch/lib of a Python install, by {TorchLibrary.Variable}");

    private string? Find(string name) => _joined.Value.Select(folder => Path.Combine(folder, FileOf(name))).FirstOrDefault(File.Exists);
}
