using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Build;

/// <summary>
/// The store is a cache: what is deleted from it, or found damaged, while a build reads it is made again. Everything that is still there is
/// taken from there, so that doing the work again costs only what was lost.
/// </summary>
internal static class LostContent
{
    // A store that loses something every time is no store.
    private const int Tries = 4;

    /// <summary>Does work, and again when the store lost what it needed.</summary>
    /// <param name="work">Opens the store itself.</param>
    /// <param name="options">Given to the work; after a loss, with <see cref="CompileOptions.ReadsWhatItFinds"/>.</param>
    /// <param name="observer">Told of the loss.</param>
    public static T MakeAgain<T>(Func<CompileOptions, IBuildObserver, T> work, CompileOptions options, IBuildObserver observer)
    {
        var once = new NothingTwice(observer);
        for (int tries = 1; ; tries++)
        {
            try
            {
                T result = work(tries == 1 ? options : options with { ReadsWhatItFinds = true }, once);
                options.Remote?.RequireWhole();
                return result;
            }
            catch (DiagnosticException lost) when (tries < Tries && lost.Diagnostics.All(problem =>
                problem.Descriptor == Descriptors.BlobLost || problem.Descriptor == Descriptors.StoreVanished))
            {
                once.Report(Descriptors.StoreContentLost.At(null, lost.Diagnostics[0].Message));
            }
        }
    }
}
