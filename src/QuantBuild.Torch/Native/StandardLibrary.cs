using System.Runtime.InteropServices;

namespace QuantBuild.Torch.Native;

/// <summary>The system's C++ library, of which TorchSharp's native library needs that of gcc 13.</summary>
internal static class StandardLibrary
{
    /// <summary>The newest symbol version that TorchSharp's library asks for.</summary>
    public const string Needed = "GLIBCXX_3.4.32";

    /// <summary>What that version brought, and the only thing of it that is asked for.</summary>
    private const string Symbol = "_ZSt21ios_base_library_initv";

    /// <summary>Refuses a library that is too old, which TorchSharp itself would report as a missing package.</summary>
    /// <param name="library">Its name; a test gives another one.</param>
    /// <exception cref="TorchException">It is too old, or missing.</exception>
    public static void Check(string library = "libstdc++.so.6")
    {
        if (!OperatingSystem.IsLinux()
            || (NativeLibrary.TryLoad(library, out nint handle) && NativeLibrary.TryGetExport(handle, Symbol, out _)))
            return;
        throw new TorchException(TorchProblem.StandardLibraryTooOld,
            $"TorchSharp needs a libstdc++ that has {Needed}, that of gcc 13, and this system's is older; Debian 13, Ubuntu 24.04 and "
                + "Fedora 39 have it, and so have newer ones");
    }
}
