using System.Runtime.InteropServices;
using QuantBuild.Tool.Streams;

namespace QuantBuild.Tool.Running;

/// <summary>
/// Turns the first Ctrl+C or termination request into cancellation; the second one ends the process at once, as without a handler. So does
/// the first after a second. Arithmetic looks every few milliseconds, but nobody can look while the system reads a page of a mapped file
/// from a slow or lost disk; and whatever a command writes appears whole or not at all.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly string? _command;
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    /// <param name="args">The command line, whose first word is the command.</param>
    public Interruption(string[] args)
    {
        _command = Array.Find(args, word => !word.StartsWith('-'));
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = !_source.IsCancellationRequested;
        if (context.Cancel)
            new Thread(EndAfterGrace) { IsBackground = true, Name = "quantbuild interruption" }.Start();
        _source.Cancel();
    }

    private void EndAfterGrace()
    {
        Thread.Sleep(Grace);
        Console.Error.WriteLine(Cancelled.Text(_command));
        Environment.Exit(ExitCode.Cancelled);
    }
}
