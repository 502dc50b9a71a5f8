namespace QuantBuild.SafeTensors;

/// <summary>The tensors of a source under other names.</summary>
/// <param name="source">The source.</param>
/// <param name="names">New name to name in the source; tensors that are not in it cannot be seen.</param>
internal sealed class RenamedTensors(ITensorSource source, IReadOnlyDictionary<string, string> names) : ITensorSource
{
    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; } = names
        .Where(pair => source.Tensors.ContainsKey(pair.Value))
        .ToDictionary(pair => pair.Key, pair => source.Tensors[pair.Value] with { Name = pair.Key }, StringComparer.Ordinal);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name) => source.Bytes(NameInSource(name));

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int length) => source.Bytes(NameInSource(name), offset, length);

    /// <inheritdoc/>
    public void Read(string name, long offset, Span<byte> destination) => source.Read(NameInSource(name), offset, destination);

    /// <inheritdoc/>
    public void ReadFloat32(string name, Span<float> destination) => source.ReadFloat32(NameInSource(name), destination);

    /// <inheritdoc/>
    public void Prefetch(string name) => source.Prefetch(NameInSource(name));

    /// <inheritdoc/>
    public void Release(string name, long offset, long length) => source.Release(NameInSource(name), offset, length);

    private string NameInSource(string name) => names.GetValueOrDefault(name, name);
}
