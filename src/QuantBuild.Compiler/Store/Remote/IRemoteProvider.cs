namespace QuantBuild.Compiler.Store.Remote;

/// <summary>Opens stores of an assembly that is loaded when an address asks for it; needs a constructor without parameters.</summary>
internal interface IRemoteProvider
{
    /// <summary>The store behind an address. Nothing is asked of it yet.</summary>
    /// <param name="address">The address, without credentials, query and fragment.</param>
    /// <param name="shown">The same, for messages.</param>
    /// <param name="options">Say how the store is used.</param>
    /// <exception cref="Diagnostics.DiagnosticException">The address is none, or settings are missing.</exception>
    RemoteStore Open(Uri address, string shown, RemoteStoreOptions options);
}
