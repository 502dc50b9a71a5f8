using System.Buffers.Binary;
using System.Globalization;
using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Wan;

/// <summary>A LoRA file, open, matched with the tensors of an expert.</summary>
internal sealed class LoraFile : IDisposable
{
    private const int Shown = 5;

    private readonly SafeTensorsFile _file;
    private readonly Dictionary<string, LoraChange> _changes = new(StringComparer.Ordinal);

    private LoraFile(SafeTensorsFile file, double strength)
    {
        _file = file;
        Strength = strength;
    }

    /// <summary>The file.</summary>
    public string Path => _file.Path!;

    /// <summary>How strongly it is applied.</summary>
    public double Strength { get; }

    /// <summary>The file's tensors.</summary>
    public SafeTensorsFile File => _file;

    /// <summary>What it changes, by the original name of the expert's tensor.</summary>
    public IReadOnlyDictionary<string, LoraChange> Changes => _changes;

    /// <summary>Keys of Wan2.1's image cross-attention, which were left out.</summary>
    public IReadOnlyList<string> LeftOut { get; private set; } = [];

    /// <summary>Opens a file and matches it with an expert.</summary>
    /// <param name="path">The file.</param>
    /// <param name="strength">How strongly it is applied.</param>
    /// <param name="tensors">The expert's tensors, by their original names.</param>
    /// <exception cref="LoraException">It is no LoRA that can be merged into this expert; the message says why.</exception>
    /// <exception cref="SafeTensorsException">The file breaks a rule of its format.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static LoraFile Open(string path, double strength, IReadOnlyDictionary<string, TensorInfo> tensors)
    {
        SafeTensorsFile file = SafeTensorsFile.Open(path);
        try
        {
            var lora = new LoraFile(file, strength);
            lora.Match(new LoraModules(tensors), tensors);
            return lora;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Match(LoraModules modules, IReadOnlyDictionary<string, TensorInfo> tensors)
    {
        if (_file.Tensors.Keys.Select(LoraKey.Unsupported).OfType<string>().FirstOrDefault() is { } kind)
            throw Fault($"it is a {kind}, which cannot be merged: of low-rank files only LoRA is understood");
        var parts = new SortedDictionary<string, Dictionary<LoraPart, string>>(StringComparer.Ordinal);
        (List<string> strangers, List<string> leftOut, int matched) = ([], [], 0);
        foreach (string name in _file.Tensors.Keys.Order(StringComparer.Ordinal))
        {
            if (LoraKey.Parse(name) is not { } key)
                strangers.Add(name);
            else if (modules.TargetOf(key) is { } target)
            {
                matched++;
                if (!parts.TryGetValue(target, out Dictionary<LoraPart, string>? found))
                    parts.Add(target, found = []);
                if (!found.TryAdd(key.Part, name))
                    throw Fault($"'{name}' and '{found[key.Part]}' are the same part of {target}");
            }
            else if (LoraKey.IsOfImageBranch(key.Module))
                leftOut.Add(name);
            else
                strangers.Add(name);
        }
        if (strangers.FindAll(LoraKey.IsOfTextEncoder) is { Count: > 0 } encoder)
            throw Fault($"it changes the text encoder, too, which nothing is merged into: {Unmatched(encoder, matched)}");
        if (strangers.Count > 0)
            throw Fault(Unmatched(strangers, matched));
        LeftOut = leftOut;
        foreach ((string target, Dictionary<LoraPart, string> found) in parts)
        {
            if (ChangeOf(target, found, tensors[target]) is { } change)
                _changes.Add(target, change);
        }
        if (_changes.Count == 0)
            throw Fault("it changes no tensor of the model");
        if (_changes.Values.All(change => IsZero(change.Up ?? change.Difference!) && (change.Difference is not { } whole || IsZero(whole))))
            throw Fault("it changes nothing: every B and every difference in it is zero, as before training");
    }

    /// <summary>
    /// Whether a tensor has nothing but zeros. The first other value ends the search, so that a trained file costs one read.
    /// </summary>
    private bool IsZero(string name)
    {
        const int Piece = 1 << 16;
        TensorInfo tensor = _file.Tensors[name];
        var bytes = new byte[Math.Min(Piece, tensor.ByteLength)];
        for (long done = 0; done < tensor.ByteLength; done += Piece)
        {
            Span<byte> piece = bytes.AsSpan(0, (int)Math.Min(Piece, tensor.ByteLength - done));
            _file.Read(name, done, piece);
            if (piece.ContainsAnyExcept((byte)0))
                return false;
        }
        return true;
    }

    private static string Unmatched(List<string> names, int matched) => string.Create(CultureInfo.InvariantCulture,
        $"{names.Count} of its keys match no layer: {string.Join(", ", names.Take(Shown).Select(name => $"'{name}'"))}"
            + $"{(names.Count > Shown ? $" and {names.Count - Shown} more" : "")}; {matched} matched");

    private LoraChange? ChangeOf(string target, Dictionary<LoraPart, string> parts, TensorInfo tensor)
    {
        string? difference = parts.GetValueOrDefault(LoraPart.Weight) ?? parts.GetValueOrDefault(LoraPart.Bias)
            ?? parts.GetValueOrDefault(LoraPart.Modulation);
        if (difference is not null && _file.Tensors[difference].ElementCount != tensor.ElementCount)
            throw Fault($"'{difference}' is {Shape(difference)}; {target} is [{string.Join(',', tensor.Shape)}]");
        (string? down, string? up) = (parts.GetValueOrDefault(LoraPart.Down), parts.GetValueOrDefault(LoraPart.Up));
        if (down is null != up is null)
            throw Fault($"of {target} it has '{down ?? up}' alone; {(down is null ? "lora_down (A)" : "lora_up (B)")} is missing");
        foreach (string part in new[] { down, up, difference }.OfType<string>())
        {
            if (_file.Tensors[part].DType is not (DType.F32 or DType.F16 or DType.BF16))
                throw Fault($"'{part}' is {_file.Tensors[part].DType}; it must be F32, F16 or BF16");
        }
        if (down is null || up is null)
        {
            return difference is null
                ? null
                : new LoraChange(this, null, null, 0, 0, difference, Finite((float)Strength, target));
        }
        int rank = RankOf(target, down, up, tensor);
        double alpha = parts.TryGetValue(LoraPart.Alpha, out string? name) ? AlphaOf(name) : rank;
        return new LoraChange(this, down, up, rank, Finite((float)(Strength * alpha / rank), target), difference,
            Finite((float)Strength, target));
    }

    private int RankOf(string target, string down, string up, TensorInfo tensor)
    {
        (TensorInfo a, TensorInfo b) = (_file.Tensors[down], _file.Tensors[up]);
        long rows = tensor.Shape.Count == 0 ? 1 : tensor.Shape[0], columns = rows == 0 ? 0 : tensor.ElementCount / rows;
        long rank = a.Shape.Count == 0 ? 0 : a.Shape[0];
        bool fits = rank is > 0 and <= 1 << 16 && a.ElementCount == rank * columns && b.ElementCount == rows * rank
            && b.Shape.Count > 1 && b.Shape[0] == rows && b.Shape[1] == rank;
        return fits
            ? (int)rank
            : throw Fault($"'{down}' {Shape(down)} and '{up}' {Shape(up)} do not make a change of {target}, [{rows}, {columns}]");
    }

    /// <summary>Alpha is stored as a float or as an integer, without dimensions or with one of size 1.</summary>
    private double AlphaOf(string name)
    {
        TensorInfo tensor = _file.Tensors[name];
        if (tensor.ElementCount != 1)
            throw Fault($"'{name}' is {Shape(name)}; alpha is one number");
        var bytes = new byte[tensor.ByteLength];
        _file.Read(name, 0, bytes);
        double alpha = tensor.DType switch
        {
            DType.F32 or DType.F16 or DType.BF16 => _file.ReadFloat32(name)[0],
            DType.F64 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            DType.I64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            DType.I32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            _ => throw Fault($"'{name}' is {tensor.DType}; alpha is a float or an integer"),
        };
        return double.IsFinite(alpha) ? alpha : throw Fault($"'{name}' is {alpha.ToString(CultureInfo.InvariantCulture)}");
    }

    private float Finite(float factor, string target) =>
        float.IsFinite(factor) ? factor : throw Fault($"the factor of its change of {target} is too large for float32");

    private string Shape(string name) => $"[{string.Join(',', _file.Tensors[name].Shape)}]";

    private LoraException Fault(string reason) => new(Path, reason);
}
