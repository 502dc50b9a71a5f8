namespace QuantBuild.Torch.Native;

/// <summary>Says in one sentence why TorchSharp could not be used, or could not do its work, and what helps.</summary>
/// <param name="problem">What kind of reason it is.</param>
/// <param name="message">The sentence.</param>
/// <param name="inner">What it was caught as; may be null.</param>
public sealed class TorchException(TorchProblem problem, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What kind of reason it is.</summary>
    public TorchProblem Problem => problem;
}
