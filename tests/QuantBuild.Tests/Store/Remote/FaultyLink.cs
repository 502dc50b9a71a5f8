using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>A connection to a server on the loopback address over which bytes are lost, changed, held up or never come.</summary>
internal sealed class FaultyLink : IDisposable
{
    private static readonly byte[] Failed =
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray();

    private static readonly byte[] Refused = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray();

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly int _server;
    private readonly Random _random;

    /// <param name="server">The server's port.</param>
    /// <param name="seed">Decides the faults.</param>
    public FaultyLink(int server, int seed)
    {
        _server = server;
        _random = new Random(seed);
        _listener.Start();
        _ = AcceptAsync();
    }

    internal enum Fault
    {
        None,
        ServerError,
        WrongCredentials,
        CutAnswer,
        CutRequest,
        ChangedAnswer,
        ChangedRequest,
        Stall,
    }

    /// <summary>The probability that something happens to a connection.</summary>
    public double Rate { get; set; }

    /// <summary>What happened, and how often.</summary>
    public ConcurrentDictionary<Fault, int> Happened { get; } = new();

    public int Faults => Happened.Values.Sum();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose()
    {
        _ended.Cancel();
        _listener.Dispose();
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        CancellationToken ended = _ended.Token;
        while (!ended.IsCancellationRequested)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync(ended);
            }
            catch (Exception failure) when (failure is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            Fault fault;
            long at;
            lock (_random)
            {
                fault = _random.NextDouble() < Rate ? (Fault)_random.Next(1, (int)Fault.Stall + 1) : Fault.None;
                at = _random.Next(400_000);
            }
            _ = Task.Run(() => ServeAsync(client, fault, at, ended), CancellationToken.None);
        }
    }

    private async Task ServeAsync(TcpClient client, Fault fault, long at, CancellationToken ended)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                if (fault is Fault.ServerError or Fault.WrongCredentials)
                {
                    Note(fault);
                    await client.GetStream().ReadAtLeastAsync(new byte[4096], 1, throwOnEndOfStream: false, ended);
                    await client.GetStream().WriteAsync(fault == Fault.ServerError ? Failed : Refused, ended);
                    return;
                }
                await server.ConnectAsync(IPAddress.Loopback, _server, ended);
                await Task.WhenAny(
                    PumpAsync(client.GetStream(), server.GetStream(), fault, Fault.CutRequest, Fault.ChangedRequest, at, ended),
                    PumpAsync(server.GetStream(), client.GetStream(), fault, Fault.CutAnswer, Fault.ChangedAnswer, at, ended));
            }
            catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException)
            {
                // The other side has gone.
            }
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, Fault fault, Fault cut, Fault change, long at,
        CancellationToken ended)
    {
        var chunk = new byte[1 << 14];
        long moved = 0;
        for (int read; (read = await from.ReadAsync(chunk, ended)) > 0; moved += read)
        {
            if (at < moved + read && at >= moved)
            {
                if (fault == cut)
                {
                    Note(fault);
                    await to.WriteAsync(chunk.AsMemory(0, (int)(at - moved)), ended);
                    return;
                }
                if (fault == change)
                {
                    Note(fault);
                    chunk[at - moved] ^= 1;
                }
                if (fault == Fault.Stall)
                {
                    Note(fault);
                    await Task.Delay(TimeSpan.FromSeconds(30), ended);
                }
            }
            await to.WriteAsync(chunk.AsMemory(0, read), ended);
        }
    }

    private void Note(Fault fault) => Happened.AddOrUpdate(fault, 1, (_, count) => count + 1);
}
