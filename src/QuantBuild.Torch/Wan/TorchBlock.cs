using QuantBuild.Models.Wan;
using QuantBuild.Torch.Layers;
using QuantBuild.Torch.Tensors;
using TorchSharp;
using static TorchSharp.torch;
using GELU = TorchSharp.Modules.GELU;

namespace QuantBuild.Torch.Wan;

/// <summary>
/// One block's forward pass: self-attention, cross-attention to the text, feed-forward, each added to the residual stream in float32.
/// </summary>
/// <param name="weights">The block's parameters.</param>
/// <param name="config">Shape of the model.</param>
/// <param name="space">The device.</param>
/// <param name="pass">What is the same for all blocks of a pass.</param>
/// <param name="block">Index of the block.</param>
internal readonly struct TorchBlock(WanBlockParameters weights, WanConfig config, TensorSpace space, WanPass pass, int block)
{
    /// <summary>Updates the residual stream.</summary>
    /// <param name="x">Residual stream, [tokens, dim] float32.</param>
    public void Run(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor modulation = weights.Modulation.view(6, config.Dim).Plus(pass.Time.view(6, config.Dim));
        SelfAttention(x, modulation);
        CrossAttention(x);
        FeedForward(x, modulation);
        pass.Observer?.ObserveResidual(block, new TorchSiteInput(x, space));
    }

    private void SelfAttention(Tensor x, Tensor modulation)
    {
        using DisposeScope scope = NewDisposeScope();
        WanAttentionParameters attention = weights.SelfAttention;
        Tensor input = Modulated(x, modulation, 0);
        Observe(WanSite.SelfAttentionQkv, input);
        Tensor q = Heads(attention.Q, attention.NormQ, input, pass.Turns), k = Heads(attention.K, attention.NormK, input, pass.Turns);
        Tensor mixed = Attend(q, k, attention.V.Apply(input, pass.Timestep));
        Observe(WanSite.SelfAttentionO, mixed);
        x.AccumulateProduct(attention.O.Apply(mixed, pass.Timestep).to(ScalarType.Float32), modulation[2]);
        pass.Ct.ThrowIfCancellationRequested();
    }

    private void CrossAttention(Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        WanAttentionParameters attention = weights.CrossAttention;
        Tensor input = nn.functional.layer_norm(x, [config.Dim], weights.Norm3Weight, weights.Norm3Bias, config.Eps).to(space.Type);
        Observe(WanSite.CrossAttentionQ, input);
        Tensor q = Heads(attention.Q, attention.NormQ, input, null);
        Observe(WanSite.CrossAttentionKv, pass.Text);
        Tensor k = Heads(attention.K, attention.NormK, pass.Text, null);
        Tensor mixed = Attend(q, k, attention.V.Apply(pass.Text, pass.Timestep));
        Observe(WanSite.CrossAttentionO, mixed);
        x.Accumulate(attention.O.Apply(mixed, pass.Timestep));
        pass.Ct.ThrowIfCancellationRequested();
    }

    private void FeedForward(Tensor x, Tensor modulation)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor input = Modulated(x, modulation, 3);
        Observe(WanSite.Ffn0, input);
        Tensor hidden;
        using (Tensor linear = weights.Ffn0.Apply(input, pass.Timestep))
            hidden = nn.functional.gelu(linear, GELU.Approximate.tanh);
        Observe(WanSite.Ffn2, hidden);
        x.AccumulateProduct(weights.Ffn2.Apply(hidden, pass.Timestep).to(ScalarType.Float32), modulation[5]);
        pass.Ct.ThrowIfCancellationRequested();
    }

    /// <summary>The normalized stream, scaled and shifted by two rows of the modulation.</summary>
    private Tensor Modulated(Tensor x, Tensor modulation, int first)
    {
        using DisposeScope scope = NewDisposeScope();
        return nn.functional.layer_norm(x, [config.Dim], null, null, config.Eps).mul_(modulation[first + 1].Plus(HeldScalars.One))
            .Accumulate(modulation[first]).to(space.Type).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Queries or keys: projected, normalized, turned if they have positions, and cut into heads, [tokens, heads, channels].
    /// </summary>
    private Tensor Heads(ITorchLinear layer, Tensor gain, Tensor input, Tensor? turns)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = layer.Apply(input, pass.Timestep).to(ScalarType.Float32);
        Tensor scale = x.Squared().mean([-1], keepdim: true).Plus(config.Eps).rsqrt();
        x = (x * scale).mul_(gain);
        Tensor heads = turns is null ? x.view(x.shape[0], config.NumHeads, config.HeadDim) : Rotary.Apply(x, turns);
        return heads.to(space.Type).MoveToOuterDisposeScope();
    }

    private Tensor Attend(Tensor q, Tensor k, Tensor v)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor mixed = nn.functional.scaled_dot_product_attention(Batch(q), Batch(k),
            Batch(v.view(v.shape[0], config.NumHeads, config.HeadDim)));
        return mixed.squeeze(0).transpose(0, 1).reshape(q.shape[0], config.Dim).MoveToOuterDisposeScope();
    }

    private static Tensor Batch(Tensor x) => x.transpose(0, 1).unsqueeze(0);

    private void Observe(WanSite site, Tensor input) => pass.Observer?.Observe(block, site, new TorchSiteInput(input, space));
}
