using System.Runtime.InteropServices;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;
using QuantBuild.Formats;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Calibration;

/// <summary>The recordings of one site over all calibration samples, mapped from the store and read in chunks.</summary>
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

    /// <summary>Tokens recorded in the given steps over all samples.</summary>
    /// <param name="steps">Indices of the expert's steps.</param>
    public long Rows(IReadOnlyCollection<int> steps) => steps.Count * _samples.Sum(sample => (long)TokensPerStep(sample));

    /// <summary>The tokens of the given steps as float32 rows, sample by sample and step by step; every chunk reuses one buffer.</summary>
    /// <param name="steps">Indices of the expert's steps, ascending.</param>
    public IEnumerable<ReadOnlyMemory<float>> Chunks(IReadOnlyCollection<int> steps)
    {
        var buffer = new float[_samples.Max(TokensPerStep) * Channels];
        foreach (SafeTensorsFile sample in _samples)
        {
            int length = TokensPerStep(sample) * Channels;
            foreach (int step in steps)
            {
                BFloat16.ToSingle(MemoryMarshal.Cast<byte, ushort>(sample.Bytes("tokens", 2L * step * length, 2 * length)), buffer);
                yield return buffer.AsMemory(0, length);
            }
        }
    }

    /// <summary>All tokens of the given steps, in the order of <see cref="Chunks"/>: [<see cref="Rows"/>, <see cref="Channels"/>].</summary>
    /// <param name="steps">Indices of the expert's steps, ascending.</param>
    /// <exception cref="DiagnosticException">They are more than an array can hold.</exception>
    public float[] Read(IReadOnlyCollection<int> steps)
    {
        if (Rows(steps) * Channels > Array.MaxLength)
            throw new DiagnosticException(Descriptors.TooManyTokens.At(null, Rows(steps), Channels));
        var rows = new float[Rows(steps) * Channels];
        int position = 0;
        foreach (ReadOnlyMemory<float> chunk in Chunks(steps))
        {
            chunk.Span.CopyTo(rows.AsSpan(position));
            position += chunk.Length;
        }
        return rows;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafeTensorsFile sample in _samples)
            sample.Dispose();
    }

    private static int TokensPerStep(SafeTensorsFile sample) => (int)sample.Tensors["tokens"].Shape[1];
}
