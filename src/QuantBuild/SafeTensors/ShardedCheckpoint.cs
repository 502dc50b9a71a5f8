namespace QuantBuild.SafeTensors;

/// <summary>A folder's checkpoint, one safetensors file or several with an index, as one set of tensors.</summary>
public sealed class ShardedCheckpoint : ITensorSource, IDisposable
{
    /// <summary>File name without extension of the weights of a diffusion model.</summary>
    public const string DefaultStem = "diffusion_pytorch_model";

    private readonly SafeTensorsFile[] _shards;
    private readonly Dictionary<string, SafeTensorsFile> _shardOf;

    private ShardedCheckpoint(SafeTensorsFile[] shards)
    {
        _shards = shards;
        Files = [.. shards.Select(shard => shard.Path!)];
        _shardOf = new Dictionary<string, SafeTensorsFile>(StringComparer.Ordinal);
        if (shards is [var only])
        {
            Tensors = only.Tensors;
            return;
        }
        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        foreach (SafeTensorsFile shard in shards)
        {
            foreach ((string name, TensorInfo tensor) in shard.Tensors)
            {
                if (!tensors.TryAdd(name, tensor))
                    throw new SafeTensorsException("DuplicateTensor", $"tensor '{name}' is also in {_shardOf[name].Path}", shard.Path);
                _shardOf.Add(name, shard);
            }
        }
        Tensors = tensors.AsReadOnly();
    }

    /// <inheritdoc/>
    /// <remarks>Offsets count within the tensor's own file.</remarks>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Paths of the files, in ordinal order of their names; without the index.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>The files, open, in the order of <see cref="Files"/>.</summary>
    internal IReadOnlyList<SafeTensorsFile> OpenFiles => _shards;

    /// <summary>Path of the index; null when a single file holds everything.</summary>
    public string? Index { get; private init; }

    /// <summary>Opens <c>stem.safetensors</c>, or <c>stem.safetensors.index.json</c> with the shards it names.</summary>
    /// <param name="directory">The folder.</param>
    /// <param name="stem">Name of the weights.</param>
    /// <param name="map">Whether files are mapped (<see cref="SafeTensorsFile.Map"/>) instead of read through their handles.</param>
    /// <exception cref="SafeTensorsException">
    /// There is neither file, or both; a shard is missing or breaks a rule; or index and shards disagree on any tensor.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static ShardedCheckpoint Open(string directory, string stem = DefaultStem, bool map = false)
    {
        string single = Path.Combine(directory, stem + ".safetensors");
        string index = single + ".index.json";
        return (File.Exists(single), File.Exists(index)) switch
        {
            (true, false) => Open([single], index: null, map),
            (false, true) => OpenShards(directory, index, map),
            (true, true) =>
                throw new SafeTensorsException("AmbiguousCheckpoint", $"both {Path.GetFileName(single)} and its index exist", directory),
            (false, false) =>
                throw new SafeTensorsException("MissingCheckpoint", $"there is no {Path.GetFileName(single)} and no index of shards",
                    directory),
        };
    }

    /// <summary>Opens one file that holds everything, whatever its name.</summary>
    /// <exception cref="SafeTensorsException">It breaks a rule of the format.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static ShardedCheckpoint OpenFile(string path) => Open([path], index: null, map: false);

    /// <summary>Opens a checkpoint whose weights lie elsewhere: its tensors can be listed, but not read.</summary>
    /// <param name="directory">The folder, which has the index if there is one.</param>
    /// <param name="open">Opens the head of a file by its name; null when there is no such file.</param>
    /// <param name="stem">Name of the weights.</param>
    /// <exception cref="SafeTensorsException">As for weights that are there.</exception>
    /// <exception cref="IOException">The index cannot be read.</exception>
    internal static ShardedCheckpoint OpenHeads(string directory, Func<string, SafeTensorsFile?> open, string stem = DefaultStem)
    {
        string single = stem + ".safetensors", indexPath = Path.Combine(directory, single + ".index.json");
        if (!File.Exists(indexPath))
        {
            return Of([open(single)
                ?? throw new SafeTensorsException("MissingCheckpoint", $"there is no {single} and no index of shards", directory)], null,
                null);
        }
        ShardIndex index = ShardIndex.Read(indexPath);
        return Of([.. index.Files.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
            .Select(name =>
                open(name) ?? throw new SafeTensorsException("MissingShard", "the index names this file, but it does not exist",
                    Path.Combine(directory, name)))], indexPath, index);
    }

    /// <summary>
    /// The names of the files that hold a folder's weights, as its index or the lack of one says; whether they exist is not looked at.
    /// </summary>
    /// <exception cref="SafeTensorsException">The index cannot be used.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static IReadOnlyList<string> FileNames(string directory, string stem = DefaultStem)
    {
        string single = stem + ".safetensors", index = Path.Combine(directory, single + ".index.json");
        return File.Exists(index)
            ? [.. ShardIndex.Read(index).Files.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]
            : [single];
    }

    /// <summary>Path of the file that has a tensor.</summary>
    /// <exception cref="SafeTensorsException">There is no such tensor.</exception>
    public string FileOf(string tensor) => ShardOf(tensor).Path!;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name) => ShardOf(name).Bytes(name);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int length) => ShardOf(name).Bytes(name, offset, length);

    /// <inheritdoc/>
    public void Read(string name, long offset, Span<byte> destination) => ShardOf(name).Read(name, offset, destination);

    /// <inheritdoc/>
    public void ReadFloat32(string name, Span<float> destination) => ShardOf(name).ReadFloat32(name, destination);

    /// <inheritdoc/>
    public void Prefetch(string name) => ShardOf(name).Prefetch(name);

    /// <inheritdoc/>
    public void Release(string name, long offset, long length) => ShardOf(name).Release(name, offset, length);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SafeTensorsFile shard in _shards)
            shard.Dispose();
    }

    private SafeTensorsFile ShardOf(string tensor) => Find(tensor)
        ?? throw new SafeTensorsException("MissingTensor", $"there is no tensor '{tensor}'", Path.GetDirectoryName(Files[0]));

    private SafeTensorsFile? Find(string tensor) =>
        _shards is [var only] ? only.Tensors.ContainsKey(tensor) ? only : null : _shardOf.GetValueOrDefault(tensor);

    private static ShardedCheckpoint OpenShards(string directory, string indexPath, bool map)
    {
        ShardIndex index = ShardIndex.Read(indexPath);
        string[] names = [.. index.Files.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (names.Length == 0)
            throw new SafeTensorsException("InvalidIndex", "weight_map is empty", indexPath);
        foreach (string name in names)
        {
            string path = Path.Combine(directory, name);
            if (!File.Exists(path))
                throw new SafeTensorsException("MissingShard", $"the index names this file, but it does not exist", path);
        }
        ShardedCheckpoint checkpoint = Open([.. names.Select(name => Path.Combine(directory, name))], indexPath, map);
        try
        {
            CrossCheck(checkpoint, index, indexPath);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>Files that are open already, and have names, as a checkpoint that takes them over when it succeeds.</summary>
    /// <param name="files">The files.</param>
    /// <param name="indexPath">What messages call the index; null without one.</param>
    /// <param name="index">The index; a single file needs none.</param>
    /// <exception cref="SafeTensorsException">
    /// There is no file, several have no index, or index and files disagree on any tensor.
    /// </exception>
    internal static ShardedCheckpoint Of(SafeTensorsFile[] files, string? indexPath, ShardIndex? index)
    {
        if (files.Length == 0 || (files.Length > 1 && index is null))
            throw new SafeTensorsException("MissingCheckpoint", $"there are {files.Length} files and no index of shards");
        var checkpoint = new ShardedCheckpoint(files) { Index = indexPath };
        if (index is not null)
            CrossCheck(checkpoint, index, indexPath!);
        return checkpoint;
    }

    private static void CrossCheck(ShardedCheckpoint checkpoint, ShardIndex index, string indexPath)
    {
        foreach ((string tensor, string file) in index.Files)
        {
            if (checkpoint.Find(tensor) is not { } shard || Path.GetFileName(shard.Path) != file)
                throw new SafeTensorsException("MissingTensor", $"the index puts tensor '{tensor}' into {file}, which does not have it",
                    indexPath);
        }
        foreach (string tensor in checkpoint.Tensors.Keys)
        {
            if (!index.Files.ContainsKey(tensor))
                throw new SafeTensorsException("UnlistedTensor", $"tensor '{tensor}' is not in the index", checkpoint.FileOf(tensor));
        }
    }

    private static ShardedCheckpoint Open(string[] paths, string? index, bool map)
    {
        var shards = new List<SafeTensorsFile>();
        try
        {
            foreach (string path in paths)
                shards.Add(map ? SafeTensorsFile.Map(path) : SafeTensorsFile.Open(path));
            return new ShardedCheckpoint([.. shards]) { Index = index };
        }
        catch
        {
            shards.ForEach(shard => shard.Dispose());
            throw;
        }
    }
}
