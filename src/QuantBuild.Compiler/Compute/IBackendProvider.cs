using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Compute;

/// <summary>Makes the backend of an assembly that is loaded when a manifest asks for it; needs a constructor without parameters.</summary>
internal interface IBackendProvider
{
    /// <summary>Opens the backend.</summary>
    /// <param name="choice">Device and element type.</param>
    /// <param name="host">What is said of this machine beside the manifest.</param>
    /// <exception cref="Diagnostics.DiagnosticException">What it needs is not there; nothing was begun.</exception>
    IComputeBackend Open(ComputeSection choice, ComputeHost host);
}
