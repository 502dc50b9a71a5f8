using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Kernels;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Calibration;

/// <summary>
/// Records what every site of both experts sees along one sample's trajectory: sampled tokens per step as bf16 and the absmax per channel
/// and step over all tokens. Everything goes straight to one temporary file, so memory does not grow with the model or the number of steps.
/// </summary>
internal sealed class ActivationRecorder : ISiteObserver, IDisposable
{
    private readonly IReadOnlyList<ExpertPlan> _experts;
    private readonly Options _options;
    private readonly Region[][][] _regions;
    private readonly SafeFileHandle _file;
    private readonly CancellationToken _cancellation;
    private int _expert;
    private int _step;
    private int _pass;

    /// <summary>Lays out a recording.</summary>
    /// <param name="experts">Both experts of the plan.</param>
    /// <param name="options">What to keep.</param>
    /// <param name="latentTokens">Tokens of the sample's latent after patch embedding.</param>
    /// <param name="temporaryPath">File to create; deleted on dispose.</param>
    /// <param name="cancellation">Ends the run of the model at the next observation.</param>
    public ActivationRecorder(IReadOnlyList<ExpertPlan> experts, Options options, int latentTokens, string temporaryPath,
        CancellationToken cancellation = default)
    {
        _cancellation = cancellation;
        _experts = experts;
        _options = options;
        long position = 0;
        _regions = [.. experts.Select((expert, e) => Enumerable.Range(0, expert.Config.NumLayers).Select(_ => WanLayers.Sites.Select(site =>
        {
            int channels = ChannelsOf(expert.Config, site);
            int rows = site == WanSite.CrossAttentionKv ? expert.Config.TextLen : latentTokens;
            var region = new Region(position, channels, Math.Min(options.TokensPerStep, rows * options.Passes[e]), expert.Timesteps.Length);
            position = region.End;
            return region;
        }).ToArray()).ToArray())];
        _file = File.OpenHandle(temporaryPath, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
    }

    /// <summary>What a recording keeps.</summary>
    /// <param name="Seed">Seed of the token choice.</param>
    /// <param name="Sample">Id of the sample.</param>
    /// <param name="TokensPerStep">Tokens kept per site and step.</param>
    /// <param name="Passes">
    /// Model evaluations per step of each expert: 2 with classifier-free guidance; tokens are chosen among those of all passes.
    /// </param>
    public sealed record Options(ulong Seed, int Sample, int TokensPerStep, IReadOnlyList<int> Passes);

    /// <summary>Name under which a site's recording is stored.</summary>
    public static string OutputName(string expert, int block, WanSite site) =>
        string.Create(CultureInfo.InvariantCulture, $"{expert}/blocks.{block}.{WanLayers.NameOf(site)}");

    /// <summary>Input channels of a site.</summary>
    public static int ChannelsOf(WanConfig config, WanSite site) => config.ShapeOf(WanLayers.LayersOf(site)[0]).In;

    /// <summary>Says what the following observations belong to; returns this recorder.</summary>
    /// <param name="expert">Index of the expert.</param>
    /// <param name="step">Index of the step among the expert's.</param>
    /// <param name="pass">Index of the evaluation within the step.</param>
    public ISiteObserver At(int expert, int step, int pass)
    {
        _expert = expert;
        _step = step;
        _pass = pass;
        return this;
    }

    /// <inheritdoc/>
    public void Observe(int block, WanSite site, SiteInput input)
    {
        _cancellation.ThrowIfCancellationRequested();
        Region region = _regions[_expert][block][(int)site];
        ExpertPlan expert = _experts[_expert];
        ArgumentOutOfRangeException.ThrowIfNotEqual(input.Channels, region.Channels);

        var absmax = new float[region.Channels];
        if (_pass > 0)
            RandomAccess.Read(_file, MemoryMarshal.AsBytes(absmax.AsSpan()), region.AbsmaxAt(_step));
        input.AccumulateMaxima(absmax);
        if (!Finite.IsFinite(absmax))
            throw new DiagnosticException(Descriptors.TrajectoryNotFinite.At(null, _options.Sample, expert.Timesteps[_step],
                OutputName(expert.Name, block, site)));
        RandomAccess.Write(_file, MemoryMarshal.AsBytes(absmax.AsSpan()), region.AbsmaxAt(_step));

        int[] chosen = TokenSampler.Choose(_options.Seed, _options.Sample, expert.Timesteps[_step], block,
            input.Tokens * _options.Passes[_expert], region.Tokens);
        // Chosen rows are ascending, so those of a pass lie side by side in the file.
        int first = LowerBound(chosen, _pass * input.Tokens), end = LowerBound(chosen, (_pass + 1) * input.Tokens);
        var rows = new ushort[(end - first) * region.Channels];
        input.Gather([.. chosen[first..end].Select(token => token - (_pass * input.Tokens))], rows);
        RandomAccess.Write(_file, MemoryMarshal.AsBytes(rows.AsSpan()), region.TokenAt(_step, first));
    }

    /// <summary>Stores the recording: one blob per expert, block and site, named by <see cref="OutputName"/>.</summary>
    public IReadOnlyDictionary<string, BlobRef> Store(IBlobFiles store)
    {
        var outputs = new Dictionary<string, BlobRef>(StringComparer.Ordinal);
        for (int e = 0; e < _experts.Count; e++)
        {
            for (int block = 0; block < _regions[e].Length; block++)
            {
                foreach (WanSite site in WanLayers.Sites)
                {
                    Region region = _regions[e][block][(int)site];
                    using BlobWriter blob = store.CreateBlob();
                    SafeTensorsWriter.Write(blob,
                    [
                        new TensorData("tokens", DType.BF16, [region.Steps, region.Tokens, region.Channels], stream =>
                            Copy(stream, region.Start, region.TokenBytes)),
                        new TensorData("absmax", DType.F32, [region.Steps, region.Channels], stream =>
                            Copy(stream, region.AbsmaxAt(0), region.AbsmaxBytes)),
                    ]);
                    outputs.Add(OutputName(_experts[e].Name, block, site), new BlobRef(blob.Commit(), blob.Length));
                }
            }
        }
        return outputs;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Index of the first of ascending values that is at least <paramref name="value"/>.</summary>
    private static int LowerBound(int[] ascending, int value)
    {
        int index = Array.BinarySearch(ascending, value);
        return index < 0 ? ~index : index;
    }

    private void Copy(Stream destination, long position, long length)
    {
        var buffer = new byte[(int)Math.Min(length, 1 << 20)];
        while (length > 0)
        {
            int read = RandomAccess.Read(_file, buffer.AsSpan(0, (int)Math.Min(length, buffer.Length)), position);
            if (read == 0)
                throw new EndOfStreamException("the recording is incomplete: not every step of the schedule was observed");
            destination.Write(buffer, 0, read);
            position += read;
            length -= read;
        }
    }

    /// <summary>Where a site's recording lies in the temporary file: tokens of all steps, then absmax of all steps.</summary>
    private readonly record struct Region(long Start, int Channels, int Tokens, int Steps)
    {
        public long TokenBytes => 2L * Steps * Tokens * Channels;

        public long AbsmaxBytes => 4L * Steps * Channels;

        public long End => Start + TokenBytes + AbsmaxBytes;

        public long TokenAt(int step, int token) => Start + (2L * ((long)step * Tokens + token) * Channels);

        public long AbsmaxAt(int step) => Start + TokenBytes + (4L * step * Channels);
    }
}
