namespace QuantBuild.Models.Vae;

/// <summary>A layer of the autoencoder; immutable, what it must remember of a video is in the state.</summary>
internal interface IVaeLayer
{
    /// <summary>Works on the next frame of a video.</summary>
    /// <param name="x">The frame; it stays the caller's, and must not be changed.</param>
    /// <param name="state">The video's past.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Cancels between blocks of the work.</param>
    /// <returns>
    /// Features of the state's pool, which the caller gives back, never <paramref name="x"/>; null where the layer needs another frame
    /// first.
    /// </returns>
    FeatureMap? Apply(FeatureMap x, VaeState state, int threads, CancellationToken ct);
}
