using System.Globalization;
using System.Text;
using static QuantBuild.Torch.Native.CudaApi;

namespace QuantBuild.Torch.Native;

/// <summary>Asks CUDA's driver what a GPU is, which TorchSharp does not tell.</summary>
internal static class CudaDriver
{
    private const string Unknown = "unknown";
    private const int MultiprocessorCount = 16;
    private const int Major = 75;
    private const int Minor = 76;

    /// <summary>Architecture and number of multiprocessors, such as <c>sm90-132</c>; <c>unknown</c> when the driver does not say.</summary>
    /// <param name="index">Which of the GPUs that the process sees.</param>
    public static string NameOf(int index)
    {
        try
        {
            if (Init(0) == 0 && DeviceGet(out int device, index) == 0 && DeviceGetAttribute(out int major, Major, device) == 0
                && DeviceGetAttribute(out int minor, Minor, device) == 0
                && DeviceGetAttribute(out int count, MultiprocessorCount, device) == 0)
                return string.Create(CultureInfo.InvariantCulture, $"sm{major}{minor}-{count}");
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            // No driver, or none that is like the others: the name says so.
        }
        return Unknown;
    }

    /// <summary>Bytes of a GPU's memory; null when the driver does not say.</summary>
    /// <param name="index">Which of the GPUs that the process sees.</param>
    public static long? MemoryOf(int index) => NameOf(index) != Unknown && DeviceGet(out int device, index) == 0
        && DeviceTotalMem(out nuint bytes, device) == 0
        ? (long)bytes
        : null;

    /// <summary>A GPU for people: its model, what <see cref="NameOf"/> says, and its memory.</summary>
    /// <param name="index">Which of the GPUs that the process sees.</param>
    public static string Describe(int index)
    {
        string name = NameOf(index);
        Span<byte> text = stackalloc byte[256];
        return name != Unknown && DeviceGet(out int device, index) == 0 && DeviceGetName(ref text[0], text.Length, device) == 0
            && DeviceTotalMem(out nuint bytes, device) == 0
            ? string.Create(CultureInfo.InvariantCulture,
                $"{Encoding.UTF8.GetString(text[..text.IndexOf((byte)0)])}, {name}, {bytes / (double)(1 << 30):0.0} GiB")
            : name;
    }
}
