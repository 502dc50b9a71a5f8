using QuantBuild.Formats;

namespace QuantBuild.Compiler.Compute.Cpu;

/// <summary>
/// What the needs of steps and stages are made of: how much memory parts of their work hold, from shapes alone. Tests hold it against
/// measurement.
/// </summary>
internal static class WorkingSets
{
    /// <summary>Panels of a weight that are read at once: pages of its file, which the collector knows nothing of.</summary>
    public const long ReadPanel = 4L << 22;

    /// <summary>
    /// Packed panels of a matrix product, rented from a pool that rounds up to powers of two and keeps them: 4.8 MiB for a thread alone,
    /// and where several work together 9 MiB for all of them besides.
    /// </summary>
    public static long ProductPanels(int threads) => (threads * (8L << 20)) + (threads > 1 ? 17L << 20 : 0);

    /// <summary>The weight in one of its forms, and the pages of its file that are being read.</summary>
    public static long Weight(LayerSpec layer) => (4L * layer.OutFeatures * layer.InFeatures) + ReadPanel;

    /// <summary>The weight in 4 bits.</summary>
    public static long Packed(LayerSpec layer) =>
        (long)layer.OutFeatures * (Mxfp4.CodeBytes(layer.InFeatures) + Mxfp4.Blocks(layer.InFeatures));

    /// <summary>A weight unpacked for integer products: a byte per element and a float per block.</summary>
    public static long Panels(long outputs, long inputs) => outputs * inputs * 9 / 8;
}
