using QuantBuild.Compiler.Store.Remote;
using QuantBuild.Compiler.Store.Remote.Http;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>Machines that share a real nginx over a bad line.</summary>
public sealed class RemoteFaultTests : RemoteFaultContract
{
    private protected override IFaultyServer StartServer() => new Server();

    private sealed class Server : IFaultyServer
    {
        private static readonly HttpLimits Impatient = new(TimeSpan.FromSeconds(0.4), Tries: 2, TimeSpan.FromMilliseconds(5));

        private static readonly HttpLimits Patient = new(TimeSpan.FromMinutes(2), Tries: 2, TimeSpan.FromMilliseconds(5));

        private readonly NginxServer _server = new();

        public int Port => _server.Port;

        public string[] Files => Directory.GetFiles(_server.Files, "*", SearchOption.AllDirectories);

        public void Kill() => _server.Kill();

        public void Start() => _server.Start();

        public RemoteStore Open(int port, bool patient)
        {
            string url = FormattableString.Invariant($"http://127.0.0.1:{port}/cache");
            var http = new HttpStore(new Uri(url), null, patient ? Patient : Impatient);
            return new RemoteStore(url, http, http);
        }

        public void Dispose() => _server.Dispose();
    }
}
