using System.Runtime.CompilerServices;
using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Models.Wan;

/// <summary>The Wan2.2 diffusion Transformer: shared weights and its own scratch memory.</summary>
/// <remarks>
/// Used by one caller at a time; make several over the same <see cref="WanWeights"/> to run samples side by side.  All arithmetic is
/// float32 in the fixed orders of <see cref="Kernels"/>, so a prediction is a function of its inputs down to the last bit.
/// </remarks>
/// <param name="weights">The expert's parameters.</param>
internal sealed class WanTransformer(WanWeights weights) : IDenoiser
{
    private const double TimeBase = 10000;

    private readonly WanConfig _config = weights.Config;
    private readonly ConditionalWeakTable<WanConditioning, HostSiteInput> _texts = [];
    private readonly float[] _timeFeatures = new float[weights.Config.FreqDim];
    private readonly float[] _timeHidden = new float[weights.Config.Dim];
    private readonly float[] _time = new float[weights.Config.Dim];
    private readonly float[] _timeModulation = new float[6 * weights.Config.Dim];
    private readonly float[] _modulation = new float[6 * weights.Config.Dim];
    private WanScratch? _scratch;
    private int _timestep = -1;

    /// <inheritdoc/>
    public void Predict(LatentShape shape, ReadOnlySpan<float> latent, int timestep, WanConditioning conditioning, Span<float> velocity,
        ISiteObserver? observer = null, int threads = 1, CancellationToken ct = default)
    {
        WanShapes.Check(_config, shape, latent.Length, timestep, conditioning, velocity.Length);
        WanScratch scratch = _scratch?.Shape == shape ? _scratch : _scratch = new WanScratch(_config, shape);
        EmbedTime(timestep);
        HostSiteInput text = EmbedText(conditioning, timestep, threads, ct);

        int latentColumns = Patches.Size * _config.OutDim;
        MatrixView input = scratch.Input;
        Patches.Gather(latent, shape.Frames, shape.Height, shape.Width, input.Slice(0, 0, input.Rows, latentColumns));
        if (_config.ConditionDim > 0)
        {
            Patches.Gather(conditioning.Y.Span, shape.Frames, shape.Height, shape.Width,
                input.Slice(0, latentColumns, input.Rows, input.Columns - latentColumns));
        }
        weights.PatchEmbedding.Apply(input, scratch.X, timestep, threads, ct);

        for (int block = 0; block < weights.Blocks.Count; block++)
            new WanBlock(weights.Blocks[block], _config, scratch, Modulate(weights.Blocks[block].Modulation, _timeModulation), text)
                .Run(block, timestep, observer, threads, ct);

        Modulate(weights.HeadModulation, _time);
        LayerNorm.Apply(scratch.X, _modulation.AsSpan(_config.Dim, _config.Dim), _modulation.AsSpan(0, _config.Dim), _config.Eps,
            scratch.Branch, threads);
        weights.Head.Apply(scratch.Branch, scratch.Output, timestep, threads, ct);
        Patches.Scatter(scratch.Output, shape.Frames, shape.Height, shape.Width, velocity);
    }

    /// <inheritdoc/>
    public IDenoiser Share() => new WanTransformer(weights);

    /// <summary>Lets go of the scratch memory.</summary>
    public void Dispose() => _scratch = null;

    /// <summary>Sinusoidal features [cos | sin] of the timestep, two layers, and their projection to the six modulations.</summary>
    private void EmbedTime(int timestep)
    {
        if (timestep == _timestep)
            return;
        int half = _config.FreqDim / 2;
        for (int i = 0; i < half; i++)
        {
            double angle = timestep * DeterministicMath.Pow(TimeBase, -(double)i / half);
            _timeFeatures[i] = (float)DeterministicMath.Cos(angle);
            _timeFeatures[half + i] = (float)DeterministicMath.Sin(angle);
        }
        ApplyToRow(weights.TimeEmbedding0, _timeFeatures, _timeHidden, timestep);
        Activations.Silu(_timeHidden, _timeHidden);
        ApplyToRow(weights.TimeEmbedding2, _timeHidden, _time, timestep);
        Activations.Silu(_time, _timeHidden);
        ApplyToRow(weights.TimeProjection, _timeHidden, _timeModulation, timestep);
        _timestep = timestep;
    }

    private static void ApplyToRow(ILinear layer, float[] x, float[] y, int timestep) =>
        layer.Apply(new ReadOnlyMatrixView(x, 1, x.Length), new MatrixView(y, 1, y.Length), timestep, threads: 1);

    /// <summary>
    /// The embedded prompt, [text_len, dim], computed once per conditioning. Padding is part of it: attention sees all rows.
    /// </summary>
    private HostSiteInput EmbedText(WanConditioning conditioning, int timestep, int threads, CancellationToken ct)
    {
        if (_texts.TryGetValue(conditioning, out HostSiteInput? known))
            return known;
        int rows = _config.TextLen;
        var padded = new float[rows * _config.TextDim];
        conditioning.Context.Span.CopyTo(padded);
        var hidden = new float[rows * _config.Dim];
        var text = new float[hidden.Length];
        weights.TextEmbedding0.Apply(new ReadOnlyMatrixView(padded, rows, _config.TextDim), new MatrixView(hidden, rows, _config.Dim),
            timestep, threads, ct);
        Activations.GeluTanh(hidden, hidden, threads);
        weights.TextEmbedding2.Apply(new ReadOnlyMatrixView(hidden, rows, _config.Dim), new MatrixView(text, rows, _config.Dim),
            timestep, threads, ct);
        var embedded = new HostSiteInput(text, rows, _config.Dim);
        _texts.Add(conditioning, embedded);
        return embedded;
    }

    /// <summary>
    /// Parameters plus the time's contribution, which repeats if it is shorter.  In every group of three (shift, scale, gate), or two in
    /// the head, the scale becomes the factor 1 + scale.
    /// </summary>
    private ReadOnlySpan<float> Modulate(float[] parameters, float[] time)
    {
        int dim = _config.Dim;
        for (int i = 0; i < parameters.Length; i++)
        {
            float value = parameters[i] + time[i % time.Length];
            _modulation[i] = i / dim % 3 == 1 ? 1 + value : value;
        }
        return _modulation.AsSpan(0, parameters.Length);
    }
}
