using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Store;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Hub;

/// <summary>
/// Remembers which parts of a file have arrived, so that a push that was killed does not send them again. A file of lines, the first
/// with the addresses, the others with one finished part each; a line cut off by the kill is as if it had not been written.
/// </summary>
/// <remarks>
/// Only the user may read it: the addresses let anybody write. It is held open exclusively, which also keeps two pushes apart.
/// </remarks>
internal sealed class UploadJournal : IDisposable
{
    private readonly Lock _lock = new();
    private readonly FileStream _file;
    private readonly Dictionary<int, string> _tags = [];

    private UploadJournal(FileStream file)
    {
        _file = file;
        Load();
    }

    /// <summary>Where the file goes; null when that must be asked.</summary>
    public LfsAction? Action { get; private set; }

    /// <summary>The ETags of finished parts by number from 1.</summary>
    public IReadOnlyDictionary<int, string> Tags => _tags;

    /// <summary>Opens the journal of a file; null when no folder for it is configured.</summary>
    /// <exception cref="DiagnosticException">Another push is sending the file (QB5030), or the folder cannot be written.</exception>
    public static UploadJournal? Open(HubOptions options, RepoId repository, HubFile file)
    {
        if (options.StateFolder is null)
            return null;
        Digest key = Digest.Of(Encoding.UTF8.GetBytes($"{options.Endpoint}\n{repository}\n{file.Digest}\n{file.Size}"));
        string path = System.IO.Path.Combine(options.StateFolder, key + ".upload");
        try
        {
            Directory.CreateDirectory(options.StateFolder);
            var how = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None,
                BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
                how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            return new UploadJournal(new FileStream(path, how));
        }
        catch (IOException failure) when (StoreErrors.IsSharingViolation(failure))
        {
            throw new DiagnosticException(Descriptors.HubUploadBusy.At(null, file.Path, repository), failure);
        }
        catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
        {
            throw StoreErrors.Translate(failure, path);
        }
    }

    /// <summary>Begins anew at these addresses.</summary>
    public void Begin(LfsAction action) => Guarded(() =>
    {
        _tags.Clear();
        Action = action;
        _file.SetLength(0);
        _file.Position = 0;
        Append(new JsonObject
        {
            ["complete"] = action.Upload.AbsoluteUri,
            ["verify"] = action.Verify?.AbsoluteUri,
            ["partSize"] = action.PartSize,
            ["parts"] = new JsonArray([.. action.Parts.Select(part => (JsonNode)part.AbsoluteUri)]),
        });
    });

    /// <summary>A part has arrived.</summary>
    public void Finish(int part, string tag) => Guarded(() =>
    {
        _tags[part] = tag;
        Append(new JsonObject { ["part"] = part, ["etag"] = tag });
    });

    /// <summary>The addresses are of no use any more, or everything has arrived.</summary>
    public void Forget() => Guarded(() =>
    {
        _tags.Clear();
        Action = null;
        _file.SetLength(0);
        _file.Position = 0;
    });

    /// <summary>Closes the file, and deletes it when there is nothing to remember.</summary>
    public void Dispose()
    {
        bool empty = Action is null;
        string path = _file.Name;
        _file.Dispose();
        if (empty)
            AtomicFile.TryDelete(path);
    }

    private void Load()
    {
        var text = new byte[_file.Length];
        _file.ReadExactly(text);
        // What follows the last line feed was cut off.
        int whole = text.AsSpan().LastIndexOf((byte)'\n') + 1;
        for (int start = 0, length; start < whole; start += length + 1)
        {
            length = text.AsSpan(start).IndexOf((byte)'\n');
            try
            {
                Take(CheckedNodes.Parse(text.AsSpan(start, length)));
            }
            catch (MalformedJsonException)
            {
                Action = null;
                _tags.Clear();
                return;
            }
        }
        _file.SetLength(whole);
        _file.Position = _file.Length;
    }

    private void Take(JsonNode line)
    {
        if (line.Find("part") is { } part)
        {
            _tags[part.Integer(1, Action?.Parts.Length ?? 0)] = line.Member("etag").Text();
            return;
        }
        ImmutableArray<Uri> parts = [.. line.Member("parts").Items().Select(address => address.Address())];
        Action = new LfsAction(line.Member("complete").Address(), [], line.Find("verify")?.Address(), line.Member("partSize").Whole(0),
            parts);
    }

    private void Append(JsonObject line)
    {
        _file.Write(JsonSerializer.SerializeToUtf8Bytes(line));
        _file.Write("\n"u8);
    }

    private void Guarded(Action change)
    {
        lock (_lock)
        {
            try
            {
                change();
            }
            catch (Exception failure) when (StoreErrors.IsFileSystem(failure))
            {
                throw StoreErrors.Translate(failure, _file.Name);
            }
        }
    }
}
