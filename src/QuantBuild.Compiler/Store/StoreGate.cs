using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Store;

/// <summary>Keeps maintenance apart from use: many users pass at once, one cleaner passes alone.</summary>
/// <remarks>
/// A user holds it only for the instant in which it looks something up and marks it as used, or publishes something; a
/// cleaner holds it while it decides and deletes. So nothing can be deleted between being found and being marked, and a
/// long build never keeps a cleaner waiting. What a build has marked is protected by its <see cref="StoreSession"/>.
/// </remarks>
internal sealed class StoreGate(StoreLayout layout, Func<Action<Diagnostic>?> notice)
{
    /// <summary>Passes together with other users; dispose to leave.</summary>
    public IDisposable Use() => Wait(FileShare.Read);

    /// <summary>Passes alone; dispose to leave.</summary>
    public IDisposable Clean() => Wait(FileShare.None);

    private FileStream Wait(FileShare share)
    {
        var wait = new Lazy<StoreWait>(() => new StoreWait($"the store '{layout.Root}' to be free", layout.Gate, layout, notice()));
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(layout.Gate, FileMode.OpenOrCreate, FileAccess.Read, share, bufferSize: 0);
            }
            catch (DirectoryNotFoundException) when (attempt < 100)
            {
                Directory.CreateDirectory(layout.Locks);
            }
            catch (IOException failure) when (StoreErrors.IsSharingViolation(failure))
            {
                wait.Value.Tick();
                Thread.Sleep(Math.Min(1 + attempt / 8, 5));
            }
        }
    }
}
