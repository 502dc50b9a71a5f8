using QuantBuild.Models.Wan;

namespace QuantBuild.Sampling;

/// <summary>Chooses who watches a forward pass of a sampling run.</summary>
/// <param name="step">The step, with the latent before it.</param>
/// <param name="conditional">Whether it is the pass with the prompt, and not the unconditional one of classifier-free guidance.</param>
/// <returns>The observer, or null for none.</returns>
public delegate ISiteObserver? SiteObserverSelector(SamplingStep step, bool conditional);
