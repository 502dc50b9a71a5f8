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

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/cache";

    public void Dispose()
    {
        _ended.Cancel();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_ended.IsCancellationRequested)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync(_ended.Token);
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
            _ = Task.Run(() => ServeAsync(client, fault, at));
        }
    }

    private async Task ServeAsync(TcpClient client, Fault fault, long at)
    {
        using (client)
        using (var server = new TcpClient())
        {
            try
            {
                if (fault is Fault.ServerError or Fault.WrongCredentials)
                {
                    Note(fault);
                    await client.GetStream().ReadAsync(new byte[4096], _ended.Token);
                    await client.GetStream().WriteAsync(fault == Fault.ServerError ? Failed : Refused, _ended.Token);
                    return;
                }
                await server.ConnectAsync(IPAddress.Loopback, _server, _ended.Token);
                await Task.WhenAny(
                    PumpAsync(client.GetStream(), server.GetStream(), fault, Fault.CutRequest, Fault.ChangedRequest, at),
                    PumpAsync(server.GetStream(), client.GetStream(), fault, Fault.CutAnswer, Fault.ChangedAnswer, at));
            }
            catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException)
            {
                // The other side has gone.
            }
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, Fault fault, Fault cut, Fault change, long at)
    {
        var chunk = new byte[1 << 14];
        long moved = 0;
        for (int read; (read = await from.ReadAsync(chunk, _ended.Token)) > 0; moved += read)
        {
            if (at < moved + read && at >= moved)
            {
                if (fault == cut)
                {
                    Note(fault);
                    await to.WriteAsync(chunk.AsMemory(0, (int)(at - moved)), _ended.Token);
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
                    await Task.Delay(TimeSpan.FromSeconds(30), _ended.Token);
                }
            }
            await to.WriteAsync(chunk.AsMemory(0, read), _ended.Token);
        }
    }

    private void Note(Fault fault) => Happened.AddOrUpdate(fault, 1, (_, count) => count + 1);
}
