using System.IO.Pipes;

namespace QuantBuild.MSBuild;

/// <summary>
/// A pipe to the worker on which nothing is ever said. The operating system closes this end when the build's process is gone, even killed,
/// and the worker sees the end of the stream.
/// </summary>
internal sealed class Lifeline : IDisposable
{
    private readonly AnonymousPipeServerStream _pipe = new(PipeDirection.Out, HandleInheritability.Inheritable);

    public Lifeline() => Variable = "QUANTBUILD_PARENT=" + _pipe.GetClientHandleAsString();

    /// <summary>
    /// The environment variable that tells the worker which handle it inherits: a command line with it could not be run again by hand.
    /// </summary>
    public string Variable { get; }

    /// <summary>Tells the worker that the build is gone, although this process is not.</summary>
    public void Cut() => _pipe.Dispose();

    /// <summary>Closes both ends.</summary>
    public void Dispose()
    {
        _pipe.DisposeLocalCopyOfClientHandle();
        _pipe.Dispose();
    }
}
