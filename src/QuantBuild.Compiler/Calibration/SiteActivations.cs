using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Store;
using QuantBuild.Kernels;
using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Calibration;

/// <summary>The recordings of one site over all calibration samples, mapped and read in portions.</summary>
internal sealed class SiteActivations : IRecordedTokens, IDisposable
{
    private readonly Sample[] _samples;

    private SiteActivations(Sample[] samples)
    {
        _samples = samples;
        Channels = (int)samples[0].Tensor("absmax").Shape[1];
    }

    /// <summary>Channels of the site.</summary>
    public int Channels { get; }

    /// <summary>Opens recordings, one per sample.</summary>
    public static SiteActivations Open(IBlobFiles store, IReadOnlyList<Recording> recordings)
    {
        store.Bring(recordings.Where(recording => recording.File is null).Select(recording => recording.Digest));
        var samples = new List<Sample>();
        try
        {
            foreach (Recording recording in recordings)
                samples.Add(Sample.Open(store, recording));
            return new SiteActivations([.. samples]);
        }
        catch
        {
            samples.ForEach(sample => sample.Dispose());
            throw;
        }
    }

    /// <summary>Largest magnitude of every channel over all samples, steps and tokens.</summary>
    public float[] Absmax()
    {
        var maximum = new float[Channels];
        foreach (Sample sample in _samples)
        {
            ReadOnlySpan<float> steps = MemoryMarshal.Cast<byte, float>(sample.File.Bytes(sample.NameOf("absmax")));
            ChannelMaximum.Accumulate(new ReadOnlyMatrixView(steps, steps.Length / Channels, Channels), maximum);
        }
        return maximum;
    }

    /// <summary>
    /// Largest magnitude of every channel in every step over all samples and tokens, for recordings of all steps, [steps,
    /// <see cref="Channels"/>].
    /// </summary>
    public float[] AbsmaxPerStep()
    {
        var maximum = new float[_samples[0].Tensor("absmax").ElementCount];
        foreach (Sample sample in _samples)
        {
            ReadOnlySpan<float> steps = MemoryMarshal.Cast<byte, float>(sample.File.Bytes(sample.NameOf("absmax")));
            for (int i = 0; i < maximum.Length; i++)
                maximum[i] = Math.Max(maximum[i], steps[i]);
        }
        return maximum;
    }

    /// <inheritdoc/>
    public int Samples => _samples.Length;

    /// <inheritdoc/>
    public long Rows(IReadOnlyCollection<int> steps) =>
        _samples.Sum(sample => (long)steps.Count(step => sample.IndexOf(step) >= 0) * sample.TokensPerStep);

    /// <inheritdoc/>
    public IEnumerable<Memory<float>> Portions(IReadOnlyCollection<int> steps, int rows, Func<int, bool>? samples = null)
    {
        var buffer = new float[Math.Min(rows, Rows(steps)) * Channels];
        int filled = 0;
        foreach (Sample sample in _samples.Where((_, i) => samples?.Invoke(i) ?? true))
        {
            foreach (int index in steps.Select(sample.IndexOf).Where(index => index >= 0))
            {
                for (int token = 0, count; token < sample.TokensPerStep; token += count)
                {
                    count = Math.Min(sample.TokensPerStep - token, (buffer.Length - filled) / Channels);
                    sample.Read(((long)index * sample.TokensPerStep) + token, Channels, buffer.AsSpan(filled, count * Channels));
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
        foreach (Sample sample in _samples)
            sample.Dispose();
    }

    private sealed class Sample(SafeTensorsFile file, Recording recording) : IDisposable
    {
        [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The sample owns what it opened.")]
        public static Sample Open(IBlobFiles store, Recording recording) =>
            new(recording.File ?? SafeTensorsFile.Open(store.Open(recording.Digest)), recording);

        public SafeTensorsFile File => file;

        public int TokensPerStep { get; } = (int)file.Tensors[recording.Prefix + "tokens"].Shape[1];

        public string NameOf(string tensor) => recording.Prefix + tensor;

        public TensorInfo Tensor(string tensor) => file.Tensors[NameOf(tensor)];

        public int IndexOf(int step) => recording.Steps.IsDefault ? step : recording.Steps[step];

        public void Read(long token, int channels, Span<float> rows)
        {
            file.ReadFloat32(NameOf("tokens"), token * channels, rows);
        }

        public void Dispose()
        {
            if (recording.File is null)
                file.Dispose();
        }
    }
}
