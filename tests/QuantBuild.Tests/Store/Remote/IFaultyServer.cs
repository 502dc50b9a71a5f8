using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Store.Remote;

namespace QuantBuild.Tests.Store.Remote;

/// <summary>A real server that a test kills, and whose files it damages.</summary>
internal interface IFaultyServer : IDisposable
{
    int Port { get; }

    /// <summary>The files in which it keeps what it was sent.</summary>
    string[] Files { get; }

    void Kill();

    void Start();

    /// <summary>The store behind a line to the server.</summary>
    /// <param name="port">The line.</param>
    /// <param name="patient">Whether it waits for as long as a busy machine may take, or gives up soon.</param>
    RemoteStore Open(int port, bool patient);
}
