using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Wan;

/// <summary>An expert's folder, open: its tensors under the original names, whichever names the files use.</summary>
/// <remarks>
/// Files of the Diffusers library are recognized by their tensors; values, shapes and element types are the same in both layouts.
/// </remarks>
public sealed class WanCheckpoint : ITensorSource, IDisposable
{
    private readonly ShardedCheckpoint _files;
    private readonly Dictionary<string, string> _inFile = new(StringComparer.Ordinal);

    private WanCheckpoint(ShardedCheckpoint files)
    {
        _files = files;
        IsDiffusers = files.Tensors.ContainsKey(WanNames.Mark);
        if (!IsDiffusers)
        {
            Tensors = files.Tensors;
            return;
        }
        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        foreach ((string theirs, TensorInfo tensor) in files.Tensors)
        {
            string name = WanNames.Original(theirs) ?? theirs;
            if (!_inFile.TryAdd(name, theirs))
                throw new SafeTensorsException("DuplicateTensor", $"tensors '{theirs}' and '{_inFile[name]}' are the same layer's",
                    files.FileOf(theirs));
            tensors.Add(name, tensor with { Name = name });
        }
        Tensors = tensors.AsReadOnly();
    }

    /// <inheritdoc/>
    /// <remarks>Names that neither layout has stay as they are.</remarks>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Whether the files use the names of the Diffusers library.</summary>
    public bool IsDiffusers { get; }

    /// <summary>Paths of the files, in ordinal order of their names; without the index.</summary>
    public IReadOnlyList<string> Files => _files.Files;

    /// <summary>The files, open, in the order of <see cref="Files"/>.</summary>
    internal IReadOnlyList<SafeTensorsFile> OpenFiles => _files.OpenFiles;

    /// <summary>Path of the index; null when a single file holds everything.</summary>
    public string? Index => _files.Index;

    /// <summary>Opens an expert's folder.</summary>
    /// <param name="directory">
    /// The folder: <c>high_noise_model</c>, <c>low_noise_model</c>, <c>transformer</c> or <c>transformer_2</c>.
    /// </param>
    /// <exception cref="SafeTensorsException">Its files are not a complete checkpoint, or it has a tensor under both names.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static WanCheckpoint Open(string directory) => Of(ShardedCheckpoint.Open(directory));

    /// <summary>Opens an expert whose weights lie elsewhere: its tensors can be listed, but not read.</summary>
    /// <param name="directory">The folder, which has the index if there is one.</param>
    /// <param name="open">Opens the head of a file by its name; null when there is no such file.</param>
    /// <exception cref="SafeTensorsException">As for weights that are there.</exception>
    /// <exception cref="IOException">The index cannot be read.</exception>
    public static WanCheckpoint OpenHeads(string directory, Func<string, SafeTensorsFile?> open) =>
        Of(ShardedCheckpoint.OpenHeads(directory, open));

    private static WanCheckpoint Of(ShardedCheckpoint files)
    {
        try
        {
            return new WanCheckpoint(files);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>The name that a tensor has in its file.</summary>
    public string NameInFile(string name) => _inFile.GetValueOrDefault(name, name);

    /// <summary>Path of the file that has a tensor.</summary>
    /// <exception cref="SafeTensorsException">There is no such tensor.</exception>
    public string FileOf(string tensor) => _files.FileOf(NameInFile(tensor));

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name) => _files.Bytes(NameInFile(name));

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int length) => _files.Bytes(NameInFile(name), offset, length);

    /// <inheritdoc/>
    public void Read(string name, long offset, Span<byte> destination) => _files.Read(NameInFile(name), offset, destination);

    /// <inheritdoc/>
    public void ReadFloat32(string name, Span<float> destination) => _files.ReadFloat32(NameInFile(name), destination);

    /// <inheritdoc/>
    public void Prefetch(string name) => _files.Prefetch(NameInFile(name));

    /// <inheritdoc/>
    public void Release(string name, long offset, long length) => _files.Release(NameInFile(name), offset, length);

    /// <inheritdoc/>
    public void Dispose() => _files.Dispose();
}
