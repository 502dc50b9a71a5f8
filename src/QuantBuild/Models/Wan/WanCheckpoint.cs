using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Wan;

/// <summary>
/// An expert's weights, open: its tensors under the original names, whichever names the files use, 8-bit ones as float32, and with LoRA
/// files merged.
/// </summary>
/// <remarks>
/// Files of the Diffusers library are recognized by their tensors; values, shapes and element types are the same in both layouts.
/// </remarks>
public sealed class WanCheckpoint : ITensorSource, IDisposable
{
    private readonly ShardedCheckpoint _files;
    private readonly CheckpointNames _names;
    private readonly Fp8Tensors? _fp8;
    private readonly ITensorSource _view;
    private readonly MergedTensors? _merged;
    private readonly LoraFile[] _loras;

    private WanCheckpoint(ShardedCheckpoint files, IReadOnlyList<LoraReference> loras)
    {
        _files = files;
        _fp8 = Fp8Tensors.Has(files) ? Fp8Tensors.Of(files) : null;
        ITensorSource stored = _fp8 ?? (ITensorSource)files;
        _names = CheckpointNames.Of(stored.Tensors.Keys, files.FileOf);
        _view = _names.IsRenamed ? new RenamedTensors(stored, _names.InFile) : stored;
        _loras = Open(loras, _view.Tensors);
        if (_loras.Length > 0)
            _view = _merged = new MergedTensors(_view, _loras);
    }

    /// <inheritdoc/>
    /// <remarks>Names that no layout has stay as they are. Computed tensors are F32.</remarks>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => _view.Tensors;

    /// <summary>Whether the files use the names of the Diffusers library.</summary>
    public bool IsDiffusers => _names.IsDiffusers;

    /// <summary>Names in the files of tensors that are no part of the expert, in ordinal order.</summary>
    public IReadOnlyList<string> LeftOut => _names.LeftOut;

    /// <summary>Names of scales of activations that 8-bit files bring and that are not used.</summary>
    internal IReadOnlyList<string> IgnoredScales => _fp8?.Ignored ?? [];

    /// <summary>The LoRA files that are merged, in order.</summary>
    internal IReadOnlyList<LoraFile> Loras => _loras;

    /// <summary>Paths of the files, in ordinal order of their names; without the index.</summary>
    public IReadOnlyList<string> Files => _files.Files;

    /// <summary>The files, open, in the order of <see cref="Files"/>.</summary>
    internal IReadOnlyList<SafeTensorsFile> OpenFiles => _files.OpenFiles;

    /// <summary>Path of the index; null when a single file holds everything.</summary>
    public string? Index => _files.Index;

    /// <summary>Opens an expert's folder, or its only file.</summary>
    /// <param name="path">
    /// The folder (<c>high_noise_model</c>, <c>low_noise_model</c>, <c>transformer</c> or <c>transformer_2</c>), or a safetensors file.
    /// </param>
    /// <exception cref="SafeTensorsException">Its files are not a complete checkpoint, or it has a tensor under both names.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public static WanCheckpoint Open(string path) => Open(path, []);

    /// <summary>Opens an expert and merges LoRA files into it.</summary>
    /// <param name="path">As above.</param>
    /// <param name="loras">The files, in the order in which they are added.</param>
    /// <exception cref="LoraException">A file cannot be merged.</exception>
    internal static WanCheckpoint Open(string path, IReadOnlyList<LoraReference> loras) =>
        Of(File.Exists(path) ? ShardedCheckpoint.OpenFile(path) : ShardedCheckpoint.Open(path), loras);

    /// <summary>Opens an expert whose weights lie elsewhere: its tensors can be listed, but not read.</summary>
    /// <param name="directory">The folder, which has the index if there is one.</param>
    /// <param name="open">Opens the head of a file by its name; null when there is no such file.</param>
    /// <exception cref="SafeTensorsException">As for weights that are there.</exception>
    /// <exception cref="IOException">The index cannot be read.</exception>
    internal static WanCheckpoint OpenHeads(string directory, Func<string, SafeTensorsFile?> open) =>
        Of(ShardedCheckpoint.OpenHeads(directory, open), []);

    /// <summary>Opens an expert whose only file lies elsewhere.</summary>
    /// <param name="head">The head of the file.</param>
    /// <exception cref="SafeTensorsException">As for weights that are there.</exception>
    internal static WanCheckpoint OpenHead(SafeTensorsFile head) => Of(ShardedCheckpoint.Of([head], null, null), []);

    private static WanCheckpoint Of(ShardedCheckpoint files, IReadOnlyList<LoraReference> loras)
    {
        try
        {
            return new WanCheckpoint(files, loras);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    private static LoraFile[] Open(IReadOnlyList<LoraReference> loras, IReadOnlyDictionary<string, TensorInfo> tensors)
    {
        var open = new List<LoraFile>();
        try
        {
            foreach (LoraReference lora in loras)
                open.Add(LoraFile.Open(lora.Path, lora.Strength, tensors));
            return [.. open];
        }
        catch
        {
            open.ForEach(lora => lora.Dispose());
            throw;
        }
    }

    /// <summary>The name that a tensor has in its file.</summary>
    public string NameInFile(string name) => _names.InFile.GetValueOrDefault(name, name);

    /// <summary>What a tensor is made of.</summary>
    internal TensorParts PartsOf(string name) =>
        new(NameInFile(name), _fp8?.ScaleOf(NameInFile(name)), _merged?.ChangesOf(name) ?? []);

    /// <summary>
    /// The element type in which a tensor is kept when it is not quantized: the one that its file stores, bfloat16 for 8-bit ones.
    /// </summary>
    internal DType KeptTypeOf(string name) =>
        _fp8?.IsFp8(NameInFile(name)) == true ? DType.BF16 : _files.Tensors[NameInFile(name)].DType;

    /// <summary>Path of the file that has a tensor.</summary>
    /// <exception cref="SafeTensorsException">There is no such tensor.</exception>
    public string FileOf(string tensor) => _files.FileOf(NameInFile(tensor));

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name) => _view.Bytes(name);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int length) => _view.Bytes(name, offset, length);

    /// <inheritdoc/>
    public void Read(string name, long offset, Span<byte> destination) => _view.Read(name, offset, destination);

    /// <inheritdoc/>
    public void ReadFloat32(string name, Span<float> destination) => _view.ReadFloat32(name, destination);

    /// <inheritdoc/>
    public void Prefetch(string name) => _view.Prefetch(name);

    /// <inheritdoc/>
    public void Release(string name, long offset, long length) => _view.Release(name, offset, length);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LoraFile lora in _loras)
            lora.Dispose();
        _files.Dispose();
    }
}
