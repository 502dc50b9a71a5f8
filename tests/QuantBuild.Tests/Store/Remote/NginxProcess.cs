using System.Diagnostics;
using System.Globalization;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>A real nginx with WebDAV on the loopback address, as docs/cache.md sets one up, and the folder that it serves.</summary>
internal class NginxProcess : LoopbackServer
{
    private readonly string _rules;

    /// <summary>Starts a server.</summary>
    /// <param name="rules">More for the location, such as credentials.</param>
    /// <param name="files">The folder that is served; null for one of its own.</param>
    /// <param name="limits">What may be done, and how much may be sent.</param>
    public NginxProcess(string rules = "", string? files = null,
        string limits = "client_max_body_size 0; limit_except GET PUT { deny all; }")
    {
        _rules = $"{rules} {limits}";
        Files = files ?? PathTo("cache");
        Directory.CreateDirectory(Files);
        Directory.CreateDirectory(PathTo("tmp"));
        Start();
    }

    /// <summary>The program; null where it is not installed.</summary>
    public static string? Program { get; } =
        new[] { "/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx" }.FirstOrDefault(File.Exists);

    public string Files { get; }

    public string Url => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}/cache");

    private protected override ProcessStartInfo Command()
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
        return new ProcessStartInfo(Program!, ["-p", Folder, "-c", PathTo("nginx.conf")]);
    }
}
