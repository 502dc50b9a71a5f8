using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>A real nginx with WebDAV on the loopback address, as docs/cache.md sets one up, and the folder that it serves.</summary>
internal class NginxProcess : IDisposable
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"quantbuild-nginx-{Guid.NewGuid():N}");
    private readonly string _rules;
    private Process? _process;

    /// <summary>Starts a server.</summary>
    /// <param name="rules">More for the location, such as credentials.</param>
    /// <param name="files">The folder that is served; null for one of its own.</param>
    /// <param name="limits">What may be done, and how much may be sent.</param>
    public NginxProcess(string rules = "", string? files = null,
        string limits = "client_max_body_size 0; limit_except GET PUT { deny all; }")
    {
        _rules = $"{rules} {limits}";
        Files = files ?? Path.Combine(_folder, "cache");
        Directory.CreateDirectory(Files);
        Directory.CreateDirectory(Path.Combine(_folder, "tmp"));
        Port = FreePort();
        Start();
    }

    /// <summary>The program; null where it is not installed.</summary>
    public static string? Program { get; } =
        new[] { "/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx" }.FirstOrDefault(File.Exists);

    public string Files { get; }

    public int Port { get; }

    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}/cache");

    public string PathTo(string name) => Path.Combine(_folder, name);

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Start()
    {
        File.WriteAllText(PathTo("nginx.conf"), $$"""
            daemon off;
            master_process off;
            error_log {{PathTo("error.log")}};
            pid {{PathTo("nginx.pid")}};
            events { }
            http {
              access_log off;
              client_body_temp_path {{PathTo("tmp")}};
              proxy_temp_path {{PathTo("tmp")}};
              fastcgi_temp_path {{PathTo("tmp")}};
              uwsgi_temp_path {{PathTo("tmp")}};
              scgi_temp_path {{PathTo("tmp")}};
              server {
                listen 127.0.0.1:{{Port}};
                location /cache/ {
                  alias "{{Files}}/";
                  dav_methods PUT;
                  create_full_put_path on;
                  {{_rules}}
                }
              }
            }
            """);
        _process = Process.Start(new ProcessStartInfo(Program!, ["-p", _folder, "-c", PathTo("nginx.conf")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        for (int tries = 0; ; tries++)
        {
            try
            {
                using var probe = new TcpClient();
                probe.Connect(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException) when (tries < 200 && !_process.HasExited)
            {
                Thread.Sleep(50);
            }
        }
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
}
