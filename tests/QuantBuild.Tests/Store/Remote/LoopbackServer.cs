using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>A real server as a process of its own, on a free port of the loopback address and with a folder of its own, which can be killed
/// and started again.</summary>
public abstract class LoopbackServer : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"quantbuild-server-{Guid.NewGuid():N}");
    private Process? _process;

    private protected LoopbackServer()
    {
        Directory.CreateDirectory(_folder);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public int Port { get; }

    /// <summary>Its own folder, which goes with it.</summary>
    private protected string Folder => _folder;

    public string PathTo(string name) => Path.Combine(_folder, name);

    /// <summary>Starts it, or starts it again, and waits for its port.</summary>
    public void Start()
    {
        ProcessStartInfo start = Command();
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        for (int tries = 0; ; tries++)
        {
            try
            {
                using var probe = new TcpClient();
                probe.Connect(IPAddress.Loopback, Port);
                break;
            }
            catch (SocketException) when (tries < 1200 && !_process.HasExited)
            {
                Thread.Sleep(50);
            }
        }
        Prepare();
    }

    public void Kill()
    {
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (!disposing)
            return;
        Kill();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Done whenever it listens.</summary>
    private protected virtual void Prepare()
    {
    }

    /// <summary>The program with its arguments, for <see cref="Port"/>.</summary>
    private protected abstract ProcessStartInfo Command();
}
