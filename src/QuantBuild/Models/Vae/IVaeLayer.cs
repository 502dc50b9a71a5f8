namespace QuantBuild.Models.Vae;

/// <summary>A layer of the autoencoder; immutable, what it must remember of a video is in the state.</summary>
internal interface IVaeLayer
{
    /// <summary>Works on the next piece of a video.</summary>
    /// <param name="x">The piece; must not be changed.</param>
    /// <param name="state">The video's past.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    FeatureMap Apply(FeatureMap x, VaeState state, int threads);
}
