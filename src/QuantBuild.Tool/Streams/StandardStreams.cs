using System.Diagnostics.CodeAnalysis;
using System.Text;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Tool.Streams;

/// <summary>Standard output and standard error of the process, which may be closed, full, or left by their reader at any time.</summary>
internal sealed class StandardStreams
{
    private readonly StandardStream _out;
    private readonly StandardStream _error;

    private StandardStreams(StandardStream output, StandardStream error) => (_out, _error) = (output, error);

    /// <summary>Puts them in the place of the console's own, before anything is written.</summary>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "They live as long as the process.")]
    public static StandardStreams Install()
    {
        var streams = new StandardStreams(Open(1, Console.OpenStandardOutput), Open(2, Console.OpenStandardError));
        Console.SetOut(Writer(streams._out));
        Console.SetError(Writer(streams._error));
        return streams;
    }

    /// <summary>The exit code of a command, some of whose words may be lost, which the other stream tells of.</summary>
    /// <param name="code">The command's own code.</param>
    /// <param name="speaksJson">Whether standard output belongs to programs.</param>
    public int Finish(int code, bool speaksJson)
    {
        if (_out.Failure is { } lost)
            Console.Error.WriteLine(Descriptors.OutputLost.At(null, "standard output", lost));
        // Who closes standard error wants no log; a log that cannot be kept is another matter.
        bool logLost = _error.Failure is not null && !_error.WasClosed;
        if (logLost && !speaksJson)
            Console.Out.WriteLine(Descriptors.OutputLost.At(null, "standard error", _error.Failure));
        return code == ExitCode.Done && (_out.Failure is not null || logLost) ? ExitCode.Failed : code;
    }

    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The result owns it.")]
    private static StandardStream Open(int descriptor, Func<Stream> ofConsole) => new(
        OperatingSystem.IsWindows() ? ofConsole() : DescriptorStream.TryOpen(descriptor));

    private static StreamWriter Writer(StandardStream stream) =>
        new(stream, OperatingSystem.IsWindows()
            ? Console.OutputEncoding
            : new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
}
