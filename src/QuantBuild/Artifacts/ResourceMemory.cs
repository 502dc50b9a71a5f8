using System.Runtime.InteropServices;

namespace QuantBuild.Artifacts;

/// <summary>The bytes of a resource at a fixed address.</summary>
/// <remarks>
/// A resource is part of the assembly's image, which the runtime has mapped, so nothing is read or copied; unless the image puts it at
/// an address that float32 values must not have.
/// </remarks>
internal sealed unsafe class ResourceMemory : IDisposable
{
    private const nuint Alignment = sizeof(float);

    private readonly Stream? _image;
    private void* _copy;

    private ResourceMemory(byte* start, long length, Stream? image, void* copy)
    {
        Start = start;
        Length = length;
        _image = image;
        _copy = copy;
    }

    ~ResourceMemory() => Free();

    /// <summary>The first byte, aligned for float32.</summary>
    public byte* Start { get; }

    /// <summary>How many bytes there are.</summary>
    public long Length { get; }

    /// <summary>The bytes of a stream, which is taken over.</summary>
    /// <param name="stream">A resource at its beginning, or any stream with a length.</param>
    public static ResourceMemory Of(Stream stream)
    {
        if (stream is UnmanagedMemoryStream image && (nuint)image.PositionPointer % Alignment == 0)
            return new ResourceMemory(image.PositionPointer, image.Length, image, copy: null);
        using (stream)
        {
            long length = stream.Length;
            var memory = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Max(length, 1), 64);
            var copy = new ResourceMemory(memory, length, image: null, memory);
            using var destination = new UnmanagedMemoryStream(memory, 0, length, FileAccess.Write);
            stream.CopyTo(destination);
            return copy;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        _image?.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_copy);
        _copy = null;
    }
}
