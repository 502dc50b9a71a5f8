namespace QuantBuild.Models.Wan;

/// <summary>A model that predicts the velocity of a noisy latent, for one caller at a time.</summary>
/// <remarks>Whoever opened it disposes it: its weights or its working memory may be those of a device.</remarks>
public interface IDenoiser : IDisposable
{
    /// <summary>Predicts the velocity.</summary>
    /// <param name="shape">Size of the latent.</param>
    /// <param name="latent">Noisy latent, [latent channels, frames, height, width].</param>
    /// <param name="timestep">Integer timestep, 0 to 999.</param>
    /// <param name="conditioning">Prompt and first frame.</param>
    /// <param name="velocity">Result, of the latent's shape.</param>
    /// <param name="observer">Sees the input of every site; may be null.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Cancels between blocks of a product.</param>
    /// <exception cref="ArgumentException">Sizes do not fit the model or each other.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    void Predict(LatentShape shape, ReadOnlySpan<float> latent, int timestep, WanConditioning conditioning, Span<float> velocity,
        ISiteObserver? observer = null, int threads = 1, CancellationToken ct = default);

    /// <summary>
    /// The same model for another caller at the same time: with its own working memory, over the same weights, which stay until the last
    /// of those that share them is disposed. Each predicts the same.
    /// </summary>
    IDenoiser Share();
}
