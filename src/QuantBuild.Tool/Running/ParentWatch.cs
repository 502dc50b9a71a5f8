using System.Diagnostics.CodeAnalysis;
using System.IO.Pipes;

namespace QuantBuild.Tool.Running;

/// <summary>
/// Notices that the build which started this process is gone, however it ended. Its task holds the other end of a pipe and never writes:
/// the end of the stream is the end of the parent, on every operating system, and no process that later gets the parent's number is taken
/// for it.
/// </summary>
internal static class ParentWatch
{
    /// <summary>The environment variable with the inherited handle; the task that starts the worker sets it.</summary>
    private const string Variable = "QUANTBUILD_PARENT";

    /// <summary>Cancelled when the parent is gone; <see cref="CancellationToken.None"/> in a process that nobody watches over.</summary>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope",
        Justification = "The thread that reads the pipe owns it, until the process ends.")]
    public static CancellationToken OfProcess()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } handle)
            return CancellationToken.None;
        Environment.SetEnvironmentVariable(Variable, null); // programs that this one starts have a parent of their own
        try
        {
            return Watch(new AnonymousPipeClientStream(PipeDirection.In, handle));
        }
        catch (Exception failure) when (failure is ArgumentException or IOException)
        {
            return CancellationToken.None; // set by hand, or by a process in between that inherited nothing
        }
    }

    /// <summary>
    /// Cancelled when the other end of a pipe is closed. The stream belongs to the thread that reads it, until the process ends.
    /// </summary>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope",
        Justification = "The token lives as long as the process.")]
    internal static CancellationToken Watch(Stream pipe)
    {
        var gone = new CancellationTokenSource();
        new Thread(() =>
        {
            try
            {
                while (pipe.ReadByte() >= 0)
                {
                    // Nothing is said on it.
                }
            }
            catch (IOException)
            {
                // Windows calls a pipe broken whose other end is closed.
            }
            gone.Cancel();
        })
        { IsBackground = true, Name = "quantbuild parent watch" }.Start();
        return gone.Token;
    }
}
