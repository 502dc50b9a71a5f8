using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using QuantBuild.Torch.Native;

namespace QuantBuild.Torch.Kernels;

/// <summary>
/// CUDA's compiler as a library (NVRTC), which every libtorch for CUDA has: the one that the loaded libtorch itself uses.
/// </summary>
internal sealed unsafe class RuntimeCompiler
{
    // libtorch's own way to the compiler, linked with it: symbols of what it is linked with are found through it.
    private const string Gate = "caffe2_nvrtc";

    private readonly nint _library;

    private RuntimeCompiler(nint library) => _library = library;

    /// <summary>Finds the compiler.</summary>
    /// <exception cref="KernelException">The loaded libtorch has none.</exception>
    public static RuntimeCompiler Find()
    {
        nint gate = TorchLibrary.Part(Gate);
        if (gate == 0)
            throw new KernelException($"{TorchLibrary.Loaded} has no {LibraryFolders.FileOf(Gate)}");
        return new RuntimeCompiler(OperatingSystem.IsWindows() ? LoadedModule() : gate);
    }

    /// <summary>Compiles a source.</summary>
    /// <param name="source">CUDA C++.</param>
    /// <param name="architecture">A real architecture, such as <c>sm_90</c>.</param>
    /// <returns>The image for the driver.</returns>
    /// <exception cref="KernelException">It does not compile; the reason has the compiler's first error.</exception>
    public byte[] Compile(string source, string architecture)
    {
        // As libtorch's own kernels: products and sums are rounded apart.
        string[] options = [$"--gpu-architecture={architecture}", "--std=c++17", "--fmad=false"];
        nint program = 0;
        nint text = Marshal.StringToCoTaskMemUTF8(source);
        nint[] arguments = [.. options.Select(Marshal.StringToCoTaskMemUTF8)];
        try
        {
            Check("nvrtcCreateProgram", ((delegate* unmanaged<nint*, nint, nint, int, nint, nint, int>)Function("nvrtcCreateProgram"))
                (&program, text, 0, 0, 0, 0));
            int status;
            fixed (nint* first = arguments)
            {
                status = ((delegate* unmanaged<nint, int, nint*, int>)Function("nvrtcCompileProgram"))(program, arguments.Length, first);
            }
            if (status != 0)
                throw new KernelException($"it does not compile for {architecture}: {FirstError(Log(program))} ({status})");
            return Read(program, "nvrtcGetCUBINSize", "nvrtcGetCUBIN");
        }
        finally
        {
            if (program != 0)
                ((delegate* unmanaged<nint*, int>)Function("nvrtcDestroyProgram"))(&program);
            Marshal.FreeCoTaskMem(text);
            Array.ForEach(arguments, Marshal.FreeCoTaskMem);
        }
    }

    private string Log(nint program) => Encoding.UTF8.GetString(Read(program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog"))
        .TrimEnd('\0');

    private static string FirstError(string log) =>
        log.Split('\n').FirstOrDefault(line => line.Contains("error", StringComparison.OrdinalIgnoreCase))?.Trim() ?? "no reason given";

    private byte[] Read(nint program, string sizeFunction, string readFunction)
    {
        nuint size;
        Check(sizeFunction, ((delegate* unmanaged<nint, nuint*, int>)Function(sizeFunction))(program, &size));
        var bytes = new byte[size];
        fixed (byte* first = bytes)
            Check(readFunction, ((delegate* unmanaged<nint, byte*, int>)Function(readFunction))(program, first));
        return bytes;
    }

    private nint Function(string name) => NativeLibrary.TryGetExport(_library, name, out nint function)
        ? function
        : throw new KernelException($"the compiler of {TorchLibrary.Loaded} has no {name}");

    private static void Check(string function, int status)
    {
        if (status != 0)
            throw new KernelException($"{function} failed ({status})");
    }

    /// <summary>On Windows symbols are found in the library itself only, which came with libtorch's own.</summary>
    private static nint LoadedModule()
    {
        using var process = Process.GetCurrentProcess();
        foreach (ProcessModule module in process.Modules)
        {
            if (module.ModuleName.StartsWith("nvrtc64_", StringComparison.OrdinalIgnoreCase))
                return module.BaseAddress;
        }
        throw new KernelException($"{TorchLibrary.Loaded} has no nvrtc64");
    }
}
