using QuantBuild.SafeTensors;

namespace QuantBuild.Pickles;

/// <summary>Makes tensors of the few names that a state dict refers to.</summary>
/// <param name="path">For messages.</param>
/// <param name="storages">The archive's storages by key.</param>
internal sealed class StateDict(string path, IReadOnlyDictionary<string, ZipEntry> storages)
{
    // Checkpoints of training have the weights below one of these.
    private static readonly string[] Wrappers = ["state_dict", "model", "module", "params"];

    private sealed record Storage(DType Type, string Key, long Elements);

    private sealed record Tensor(DType Type, IReadOnlyList<long> Shape, long Begin, long End);

    /// <summary>The tensors by name; offsets count from the begin of the file.</summary>
    /// <param name="pickle">The pickle.</param>
    /// <exception cref="SafeTensorsException">It is no state dict.</exception>
    public Dictionary<string, TensorInfo> Read(byte[] pickle)
    {
        object? root = new PickleReader(pickle, path, Persistent, Call).Read();
        if (root is not PickleDictionary dictionary)
            throw Fault("its pickle is no dictionary of tensors");
        if (!dictionary.Items.Values.Any(value => value is Tensor)
            && Wrappers.Select(name => dictionary.Items.GetValueOrDefault(name)).OfType<PickleDictionary>().FirstOrDefault() is { } inner)
            dictionary = inner;
        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        foreach ((string name, object? value) in dictionary.Items)
        {
            if (value is Tensor tensor)
                tensors.Add(name, new TensorInfo(name, tensor.Type, tensor.Shape, tensor.Begin, tensor.End));
        }
        return tensors.Count > 0 ? tensors : throw Fault("its pickle has no tensors");
    }

    /// <summary><c>('storage', torch.FloatStorage, key, device, elements)</c>.</summary>
    private Storage Persistent(object? id) =>
        id is object?[] and ["storage", PickleGlobal type, string key, string, long elements] && elements >= 0
            ? new Storage(TypeOf(type), key, elements)
            : throw Fault("its pickle refers to something else than a storage");

    private object? Call(PickleGlobal name, object?[] arguments) => name.ToString() switch
    {
        "collections.OrderedDict" => arguments.Length == 0 ? new PickleDictionary() : throw Fault("an OrderedDict is made of something"),
        "torch._utils._rebuild_tensor_v2" or "torch._utils._rebuild_tensor" => Rebuild(arguments),
        "torch._utils._rebuild_parameter" => arguments is [Tensor data, ..] ? data : throw Fault("a parameter has no tensor"),
        _ => throw Fault($"its pickle asks for {name}; a state dict has tensors and nothing to call"),
    };

    /// <summary><c>(storage, offset, size, stride, …)</c>, row-major without gaps.</summary>
    private Tensor Rebuild(object?[] arguments)
    {
        if (arguments is not [Storage storage, long offset, object?[] sizes, object?[] strides, ..]
            || !sizes.All(size => size is >= 0L) || !strides.All(stride => stride is long) || sizes.Length != strides.Length)
            throw Fault("a tensor is made of something else than storage, offset, size and stride");
        long elements = 1;
        for (int i = sizes.Length - 1; i >= 0; i--)
        {
            long size = (long)sizes[i]!;
            if (size > 1 && (long)strides[i]! != elements)
                throw Fault("a tensor is no contiguous one: it is transposed, or a part of another");
            if (size > 0 && elements > long.MaxValue / 16 / size)
                throw Fault("a tensor has more elements than any file");
            elements *= size;
        }
        if (offset < 0 || offset > storage.Elements - elements)
            throw Fault($"a tensor of {elements} elements at {offset} lies outside its storage of {storage.Elements}");
        if (!storages.TryGetValue(storage.Key, out ZipEntry entry))
            throw Fault($"the storage '{storage.Key}' is not in the archive");
        int width = storage.Type.Bits() / 8;
        if (storage.Elements > entry.Length / width)
            throw Fault($"the storage '{storage.Key}' claims {storage.Elements} elements in {entry.Length} bytes");
        return new Tensor(storage.Type, [.. sizes.Select(size => (long)size!)], entry.Offset + (offset * width),
            entry.Offset + ((offset + elements) * width));
    }

    private DType TypeOf(PickleGlobal type) => type.ToString() switch
    {
        "torch.FloatStorage" => DType.F32,
        "torch.HalfStorage" => DType.F16,
        "torch.BFloat16Storage" => DType.BF16,
        "torch.DoubleStorage" => DType.F64,
        "torch.LongStorage" => DType.I64,
        "torch.IntStorage" => DType.I32,
        "torch.ShortStorage" => DType.I16,
        "torch.CharStorage" => DType.I8,
        "torch.ByteStorage" => DType.U8,
        "torch.BoolStorage" => DType.BOOL,
        "torch.Float8_e4m3fnStorage" => DType.F8_E4M3,
        "torch.Float8_e5m2Storage" => DType.F8_E5M2,
        _ => throw Fault($"its pickle has a storage of the kind {type}"),
    };

    private SafeTensorsException Fault(string reason) => PthException.Pickle(path, reason);
}
