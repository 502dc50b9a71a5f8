using QuantBuild.Kernels;
using QuantBuild.Models;
using QuantBuild.Models.Wan;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;
using GELU = TorchSharp.Modules.GELU;

namespace QuantBuild.Torch.Wan;

/// <summary>What a denoiser keeps between passes: the time's and the prompts' embeddings, and the turns of a latent's size.</summary>
/// <param name="weights">The expert's parameters.</param>
/// <param name="space">The device.</param>
internal sealed class WanEmbeddings(WanParameters weights, TensorSpace space) : IDisposable
{
    private const double TimeBase = 10000;

    // The prompt and the negative prompt of two videos.
    private const int MostTexts = 4;

    private readonly WanConfig _config = weights.Config;
    private readonly List<(WanConditioning Of, Tensor Text)> _texts = [];
    private (int Timestep, Tensor Time, Tensor Modulation)? _time;
    private (LatentShape Shape, Tensor Turns)? _turns;

    /// <summary>The time's embedding, [dim], and its modulation of blocks, [6 dim], both float32.</summary>
    public (Tensor Time, Tensor Modulation) Time(int timestep)
    {
        if (_time?.Timestep != timestep)
        {
            _time?.Time.Dispose();
            _time?.Modulation.Dispose();
            _time = null;
            using DisposeScope scope = NewDisposeScope();
            Tensor hidden =
                nn.functional.silu(weights.TimeEmbedding0.Apply(space.Of(TimeFeatures(timestep), 1, _config.FreqDim), timestep));
            Tensor time = weights.TimeEmbedding2.Apply(hidden, timestep);
            Tensor modulation = weights.TimeProjection.Apply(nn.functional.silu(time), timestep);
            _time = (timestep, time.DetachFromDisposeScope(), modulation.DetachFromDisposeScope());
        }
        return (_time!.Value.Time, _time.Value.Modulation);
    }

    /// <summary>The embedded prompt, [text_len, dim]. Padding is part of it: attention sees all rows.</summary>
    public Tensor Text(WanConditioning conditioning, int timestep)
    {
        int known = _texts.FindIndex(text => ReferenceEquals(text.Of, conditioning));
        if (known >= 0)
            return _texts[known].Text;
        using DisposeScope scope = NewDisposeScope();
        var padded = new float[_config.TextLen * _config.TextDim];
        conditioning.Context.Span.CopyTo(padded);
        Tensor hidden = weights.TextEmbedding0.Apply(space.Of(padded, _config.TextLen, _config.TextDim), timestep);
        Tensor text = weights.TextEmbedding2.Apply(nn.functional.gelu(hidden, GELU.Approximate.tanh), timestep);
        if (_texts.Count == MostTexts)
        {
            _texts[0].Text.Dispose();
            _texts.RemoveAt(0);
        }
        _texts.Add((conditioning, text.DetachFromDisposeScope()));
        return text;
    }

    /// <summary>The rotary turns of a latent's tokens.</summary>
    public Tensor Turns(LatentShape shape)
    {
        if (_turns?.Shape != shape)
        {
            _turns?.Turns.Dispose();
            _turns = null;
            _turns = (shape, Rotary.Turns(shape.Frames, shape.Height / 2, shape.Width / 2, _config.HeadDim, space)
                .DetachFromDisposeScope());
        }
        return _turns!.Value.Turns;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _texts.ForEach(text => text.Text.Dispose());
        _texts.Clear();
        _time?.Time.Dispose();
        _time?.Modulation.Dispose();
        _time = null;
        _turns?.Turns.Dispose();
        _turns = null;
    }

    /// <summary>Sinusoidal features [cos | sin] of the timestep.</summary>
    private float[] TimeFeatures(int timestep)
    {
        int half = _config.FreqDim / 2;
        var features = new float[_config.FreqDim];
        for (int i = 0; i < half; i++)
        {
            double angle = timestep * DeterministicMath.Pow(TimeBase, -(double)i / half);
            features[i] = (float)DeterministicMath.Cos(angle);
            features[half + i] = (float)DeterministicMath.Sin(angle);
        }
        return features;
    }
}
