using System.Globalization;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Store;

namespace QuantBuild.Compiler.Health;

/// <summary>The store of finished work.</summary>
internal static class StoreCheck
{
    public static MachineCheck Of(string root)
    {
        if (!Directory.Exists(root))
            return new MachineCheck("store", CheckState.Good, $"{root} does not exist yet", "The first build makes it.");
        try
        {
            using ContentStore store = ContentStore.Open(root);
            StoreStatistics held = store.Statistics();
            long lost = held.OrphanBytes + held.TemporaryBytes;
            string finding =
                string.Create(CultureInfo.InvariantCulture, $"{held.Actions} actions, {ByteText.Of(held.BlobBytes)} in {store.Root}");
            return lost > held.BlobBytes / 2 && lost > 1L << 30
                ? new MachineCheck("store", CheckState.Note, finding,
                    $"{ByteText.Of(lost)} belong to no action: `quantbuild cache prune` removes them.")
                : new MachineCheck("store", CheckState.Good, finding,
                    "It can be read and written; `quantbuild cache verify` reads every byte.");
        }
        catch (DiagnosticException failure)
        {
            return Failed(failure);
        }
    }

    /// <summary>The finding of a store that cannot be used.</summary>
    public static MachineCheck Failed(DiagnosticException failure)
    {
        Diagnostic problem = failure.Diagnostics[0];
        return new MachineCheck("store", CheckState.Problem, problem.Message, $"{problem.Descriptor.Code}: {problem.Descriptor.Cure}");
    }
}
