using QuantBuild.Compiler.Hub;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Soak.Mutations;

/// <summary>The journal of an upload: a damaged one is as none.</summary>
internal static class JournalTarget
{
    private static readonly HubOptions Options = new() { Endpoint = new Uri("https://hub.invalid"), StateFolder = Scratch.Folder };
    private static readonly RepoId Repository = RepoId.Parse("owner/name");
    private static readonly HubFile File = HubFile.FromBytes("a.safetensors", "x"u8.ToArray());

    public static bool Read(byte[] text)
    {
        using (UploadJournal empty = UploadJournal.Open(Options, Repository, File)!)
        {
            // Leaves the journal's file, whose name only it knows.
            empty.Begin(new LfsAction(new Uri("https://hub.invalid/"), [], null, 1, []));
        }
        string path = Directory.EnumerateFiles(Scratch.Folder, "*.upload").Single();
        System.IO.File.WriteAllBytes(path, text);
        using UploadJournal journal = UploadJournal.Open(Options, Repository, File)!;
        bool found = journal.Action is not null && journal.Tags.Keys.All(part => part > 0);
        journal.Forget();
        return found;
    }
}
