using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Models.Wan;

/// <summary>
/// One block's forward pass: self-attention, cross-attention to the text, feed-forward, each added to the residual stream.
/// </summary>
internal readonly ref struct WanBlock(WanBlockWeights weights, WanConfig config, WanScratch scratch, ReadOnlySpan<float> modulation,
    HostSiteInput text)
{
    private readonly ReadOnlySpan<float> _modulation = modulation;

    /// <summary>Updates the residual stream in the scratch memory.</summary>
    public void Run(int block, int timestep, ISiteObserver? observer, int threads, CancellationToken ct)
    {
        SelfAttention(block, timestep, observer, threads, ct);
        CrossAttention(block, timestep, observer, threads, ct);
        FeedForward(block, timestep, observer, threads, ct);
        observer?.ObserveResidual(block, scratch.ResidualInput);
    }

    private void SelfAttention(int block, int timestep, ISiteObserver? observer, int threads, CancellationToken ct)
    {
        WanAttentionWeights attention = weights.SelfAttention;
        MatrixView input = scratch.Branch;
        MatrixView q = scratch.Q;
        MatrixView k = scratch.K;
        MatrixView v = scratch.V;
        LayerNorm.Apply(scratch.X, Modulation(1), Modulation(0), config.Eps, input, threads);
        observer?.Observe(block, WanSite.SelfAttentionQkv, scratch.BranchInput);
        attention.Q.Apply(input, q, timestep, threads, ct);
        attention.K.Apply(input, k, timestep, threads, ct);
        attention.V.Apply(input, v, timestep, threads, ct);
        RmsNorm.Apply(q, attention.NormQ, config.Eps, q, threads);
        RmsNorm.Apply(k, attention.NormK, config.Eps, k, threads);
        scratch.Rotary.Apply(q, threads);
        scratch.Rotary.Apply(k, threads);
        Attention.Apply(q, k, v, config.NumHeads, input, threads, ct);
        observer?.Observe(block, WanSite.SelfAttentionO, scratch.BranchInput);
        attention.O.Apply(input, q, timestep, threads, ct);
        Residual.AddGated(scratch.X, q, Modulation(2), threads);
    }

    private void CrossAttention(int block, int timestep, ISiteObserver? observer, int threads, CancellationToken ct)
    {
        WanAttentionWeights attention = weights.CrossAttention;
        MatrixView input = scratch.Branch;
        MatrixView q = scratch.Q;
        MatrixView k = scratch.TextK;
        MatrixView v = scratch.TextV;
        LayerNorm.Apply(scratch.X, weights.Norm3Weight, weights.Norm3Bias, config.Eps, input, threads);
        observer?.Observe(block, WanSite.CrossAttentionQ, scratch.BranchInput);
        attention.Q.Apply(input, q, timestep, threads, ct);
        observer?.Observe(block, WanSite.CrossAttentionKv, text);
        attention.K.Apply(text.View, k, timestep, threads, ct);
        attention.V.Apply(text.View, v, timestep, threads, ct);
        RmsNorm.Apply(q, attention.NormQ, config.Eps, q, threads);
        RmsNorm.Apply(k, attention.NormK, config.Eps, k, threads);
        Attention.Apply(q, k, v, config.NumHeads, input, threads, ct);
        observer?.Observe(block, WanSite.CrossAttentionO, scratch.BranchInput);
        attention.O.Apply(input, q, timestep, threads, ct);
        Residual.Add(scratch.X, q, threads);
    }

    private void FeedForward(int block, int timestep, ISiteObserver? observer, int threads, CancellationToken ct)
    {
        MatrixView input = scratch.Branch;
        MatrixView hidden = scratch.Hidden;
        MatrixView output = scratch.Q;
        LayerNorm.Apply(scratch.X, Modulation(4), Modulation(3), config.Eps, input, threads);
        observer?.Observe(block, WanSite.Ffn0, scratch.BranchInput);
        weights.Ffn0.Apply(input, hidden, timestep, threads, ct);
        Activations.GeluTanh(hidden.Data, hidden.Data, threads);
        observer?.Observe(block, WanSite.Ffn2, scratch.HiddenInput);
        weights.Ffn2.Apply(hidden, output, timestep, threads, ct);
        Residual.AddGated(scratch.X, output, Modulation(5), threads);
    }

    private ReadOnlySpan<float> Modulation(int index) => _modulation.Slice(index * config.Dim, config.Dim);
}
