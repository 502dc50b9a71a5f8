using System.Runtime.InteropServices;
using QuantBuild.Compiler.Store;
using QuantBuild.Formats;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Calibration;

/// <summary>The recordings of one site over all calibration samples, mapped from the store and read in portions.</summary>
public sealed class SiteActivations : IDisposable
{
    private readonly SafeTensorsFile[] _samples;

    private SiteActivations(SafeTensorsFile[] samples)
    {
        _samples = samples;
        Channels = (int)samples[0].Tensors["absmax"].Shape[1];
    }

    /// <summary>Channels of the site.</summary>
    public int Channels { get; }

    /// <summary>Opens recordings made by <see cref="ActivationRecorder"/>, one per sample.</summary>
    public static SiteActivations Open(ContentStore store, IReadOnlyList<Digest> blobs)
    {
        var files = new List<SafeTensorsFile>();
        try
        {
            foreach (Digest blob in blobs)
                files.Add(SafeTensorsFile.Open(store.Open(blob)));
            return new SiteActivations([.. files]);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>Largest magnitude of every channel over all samples, steps and tokens.</summary>
    public float[] Absmax()
    {
        var maximum = new float[Channels];
        foreach (SafeTensorsFile sample in _samples)
        {
            ReadOnlySpan<float> steps = MemoryMarshal.Cast<byte, float>(sample.Bytes("absmax"));
            ChannelMaximum.Accumulate(new Kernels.ReadOnlyMatrixView(steps, steps.Length / Channels, Channels), maximum);
        }
        return maximum;
    }

    /// <summary>Largest magnitude of every channel in every step over all samples and tokens, [steps, <see cref="Channels"/>].</summary>
    public float[] AbsmaxPerStep()
    {
        var maximum = new float[_samples[0].Tensors["absmax"].ElementCount];
        foreach (SafeTensorsFile sample in _samples)
        {
            ReadOnlySpan<float> steps = MemoryMarshal.Cast<byte, float>(sample.Bytes("absmax"));
            for (int i = 0; i < maximum.Length; i++)
                maximum[i] = Math.Max(maximum[i], steps[i]);
        }
        return maximum;
    }

    /// <summary>Tokens recorded in the given steps over all samples.</summary>
    /// <param name="steps">Indices of the expert's steps.</param>
    public long Rows(IReadOnlyCollection<int> steps) => steps.Count * _samples.Sum(sample => (long)TokensPerStep(sample));

    /// <summary>
    /// The tokens of the given steps as float32 rows, sample by sample and step by step, in portions of the same size but for the last.
    /// Every portion reuses one buffer, which the reader may write to.
    /// </summary>
    /// <param name="steps">Indices of the expert's steps, ascending.</param>
    /// <param name="rows">Rows of a portion.</param>
    public IEnumerable<Memory<float>> Portions(IReadOnlyCollection<int> steps, int rows)
    {
        var buffer = new float[Math.Min(rows, Rows(steps)) * Channels];
        int filled = 0;
        foreach (SafeTensorsFile sample in _samples)
        {
            int stepTokens = TokensPerStep(sample);
            foreach (int step in steps)
            {
                for (int token = 0, count; token < stepTokens; token += count)
                {
                    count = Math.Min(stepTokens - token, (buffer.Length - filled) / Channels);
                    Read(sample, ((long)step * stepTokens) + token, buffer.AsSpan(filled, count * Channels));
                    filled += count * Channels;
                    if (filled < buffer.Length)
                        continue;
                    yield return buffer;
                    filled = 0;
                }
            }
        }
        if (filled > 0)
            yield return buffer.AsMemory(0, filled);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafeTensorsFile sample in _samples)
            sample.Dispose();
    }

    private void Read(SafeTensorsFile sample, long token, Span<float> rows)
    {
        long first = 2 * token * Channels;
        BFloat16.ToSingle(MemoryMarshal.Cast<byte, ushort>(sample.Bytes("tokens", first, 2 * rows.Length)), rows);
        // Recordings are read once per stage and are larger than the layer: their pages would fill the memory of the process.
        sample.Release("tokens", first, 2L * rows.Length);
    }

    private static int TokensPerStep(SafeTensorsFile sample) => (int)sample.Tensors["tokens"].Shape[1];
}
