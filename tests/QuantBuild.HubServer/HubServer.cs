using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace QuantBuild.HubServer;

/// <summary>
/// A Hub on this machine: the documented protocol over real connections, at two origins (the Hub's and its storage's), with faults on
/// demand.
/// </summary>
public sealed class HubServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<(Func<Traffic, bool> When, Fault Fault, StrongBox Left)> _faults = [];
    private readonly Lock _lock = new();

    private HubServer(WebApplication app, string folder)
    {
        _app = app;
        Folder = folder;
    }

    /// <summary>The token that every user has.</summary>
    public const string Token = "hf_secretOfTheTests0123456789";

    /// <summary>The Hub's address, with a closing slash.</summary>
    public Uri Endpoint { get; private set; } = null!;

    /// <summary>The storage's address, with a closing slash.</summary>
    public Uri Storage { get; private set; } = null!;

    /// <summary>Folder of LFS objects and unfinished uploads.</summary>
    public string Folder { get; }

    /// <summary>Bytes above which a file is sent in parts, and of a part.</summary>
    public int PartSize { get; set; } = 1 << 20;

    /// <summary>Bytes below which a file goes into the commit.</summary>
    public int LargeFrom { get; set; } = 4096;

    /// <summary>The user whom the token belongs to.</summary>
    public string User { get; set; } = "tester";

    /// <summary>Repositories by id.</summary>
    public ConcurrentDictionary<string, Repository> Repositories { get; } = new(StringComparer.Ordinal);

    /// <summary>Old names of repositories, and their new ones.</summary>
    public ConcurrentDictionary<string, string> Renamed { get; } = new(StringComparer.Ordinal);

    /// <summary>Uploads whose addresses have expired.</summary>
    public ConcurrentDictionary<string, bool> ExpiredUploads { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether uploads that are begun from now on expire at once.</summary>
    public Func<string, bool> ExpiresAtOnce { get; set; } = _ => false;

    /// <summary>Every request so far.</summary>
    public ConcurrentQueue<Traffic> Requests { get; } = new();

    /// <summary>Starts a server on two free ports.</summary>
    public static async Task<HubServer> StartAsync(string folder, int port = 0, int storagePort = 0)
    {
        Directory.CreateDirectory(folder);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.Listen(IPAddress.Loopback, storagePort);
        });
        WebApplication app = builder.Build();
        var server = new HubServer(app, folder);
        app.Run(server.HandleAsync);
        await app.StartAsync();
        Uri[] addresses = [.. app.Urls.Select(url => new Uri(url + "/"))];
        server.Endpoint = addresses[0];
        server.Storage = addresses[1];
        return server;
    }

    /// <summary>Makes a repository.</summary>
    public Repository Add(string id) => Repositories[id] = new Repository(id);

    /// <summary>Lets the next requests that fit go wrong.</summary>
    public void Fail(Func<Traffic, bool> when, Fault fault, int times = 1)
    {
        lock (_lock)
            _faults.Add((when, fault, new StrongBox { Value = times }));
    }

    /// <summary>Requests whose path contains a text.</summary>
    public IEnumerable<Traffic> To(string part) => Requests.Where(request => request.Path.Contains(part, StringComparison.Ordinal));

    /// <summary>Path of an LFS object.</summary>
    public string ObjectPath(string digest) => Path.Combine(Folder, digest);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        string target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var traffic = new Traffic(context.Connection.LocalPort == Storage.Port, context.Request.Method, target,
            context.Request.Headers.Authorization.FirstOrDefault(), context.Request.Headers.Range.FirstOrDefault());
        Requests.Enqueue(traffic);
        context.Response.Headers["X-Request-Id"] = "req-" + Guid.NewGuid().ToString("N")[..8];
        Fault? fault = Take(traffic);
        switch (fault?.Kind)
        {
            case FaultKind.Answer:
                foreach ((string name, string value) in fault.Headers ?? [])
                    context.Response.Headers[name] = value;
                context.Response.StatusCode = fault.Status;
                await context.Response.WriteAsync(fault.Body);
                return;
            case FaultKind.Drop:
                context.Abort();
                return;
            case FaultKind.Hang:
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                return;
            case FaultKind.LoseAnswer:
                Stream real = context.Response.Body;
                context.Response.Body = Stream.Null;
                await RouteAsync(context, traffic);
                context.Response.Body = real;
                context.Abort();
                return;
            case FaultKind.Truncate or FaultKind.Stall or FaultKind.Corrupt:
                context.Response.Body = new FaultyStream(context, fault);
                break;
        }
        await RouteAsync(context, traffic);
    }

    private Task RouteAsync(HttpContext context, Traffic traffic) =>
        traffic.Storage ? new StorageCalls(this, context, traffic).RunAsync() : new HubCalls(this, context).RunAsync();

    private Fault? Take(Traffic traffic)
    {
        lock (_lock)
        {
            int index = _faults.FindIndex(fault => fault.Left.Value > 0 && fault.When(traffic));
            if (index < 0)
                return null;
            _faults[index].Left.Value--;
            return _faults[index].Fault;
        }
    }

    private sealed class StrongBox
    {
        public int Value { get; set; }
    }
}
