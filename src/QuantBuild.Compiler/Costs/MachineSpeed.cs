using System.Text.Json;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Json;
using QuantBuild.Compiler.Store;
using QuantBuild.Json;

namespace QuantBuild.Compiler.Costs;

/// <summary>Speed of this machine: processor seconds per operation on one thread, measured once and kept in the store's folder.</summary>
/// <param name="Machine">Whose speed it is: processor, instructions, version of the tool. Another one is measured again.</param>
/// <param name="Processors">Logical processors.</param>
/// <param name="Action">Seconds that an action takes beside its arithmetic: looking it up, writing and remembering its results.</param>
/// <param name="Byte">Seconds per byte that is hashed and written.</param>
/// <param name="Rotation">Seconds per m² n of a decomposition by rotations, n the longer side.</param>
/// <param name="Small">Seconds per operation at layers of <see cref="SmallSize"/>.</param>
/// <param name="Large">Seconds per operation at layers of <see cref="LargeSize"/>.</param>
internal sealed record MachineSpeed(string Machine, int Processors, double Action, double Byte, double Rotation, OperationSeconds Small,
    OperationSeconds Large)
{
    /// <summary>Inputs and outputs of the small layers that are measured.</summary>
    public const int SmallSize = 192;

    /// <summary>Inputs and outputs of the large ones.</summary>
    public const int LargeSize = 2048;

    /// <summary>A machine of 2024, for comparing actions where no machine has been measured.</summary>
    public static MachineSpeed Typical { get; } = new("typical", 1, 5e-4, 1e-9, 2e-8,
        new OperationSeconds(Product: 1e-11, LowRank: 1e-10, Hessian: 2e-11, Gptq: 1e-10, Clip: 8e-11, Measure: 1e-10, ClipWeight: 6e-9,
            MeasureWeight: 0),
        new OperationSeconds(Product: 1e-11, LowRank: 2e-11, Hessian: 2e-11, Gptq: 1.4e-11, Clip: 2e-11, Measure: 2e-11, ClipWeight: 2e-9,
            MeasureWeight: 1.4e-9));

    private const string FileName = "speed.json";

    /// <summary>Seconds per operation at a layer's size, between those of the two sizes that were measured.</summary>
    /// <param name="outputs">Rows of its weight.</param>
    /// <param name="inputs">Columns of its weight.</param>
    public OperationSeconds At(int outputs, int inputs)
    {
        double size = Math.Clamp(Math.Sqrt((double)outputs * inputs), SmallSize, LargeSize);
        // Fixed costs of a call shrink with the size, so the rest is linear in its inverse.
        double weight = ((1 / size) - (1.0 / LargeSize)) / ((1.0 / SmallSize) - (1.0 / LargeSize));
        return OperationSeconds.Between(Small, Large, weight);
    }

    /// <summary>
    /// A device that multiplies large matrices at another speed and does all other arithmetic in the same proportion.
    /// </summary>
    /// <param name="product">Its seconds per multiply-add.</param>
    public MachineSpeed WithProduct(double product)
    {
        double factor = product / Large.Product;
        return this with { Rotation = Rotation * factor, Small = Small.Times(factor), Large = Large.Times(factor) };
    }

    /// <summary>The speed that a store remembers of this machine; null when there is none.</summary>
    public static MachineSpeed? Load(ContentStore store)
    {
        try
        {
            return Parse(File.ReadAllBytes(PathIn(store))) is { } found && found.Machine == MachineIdentity.Text
                && found.Processors == Environment.ProcessorCount ? found : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads a remembered speed; null when it is damaged.</summary>
    internal static MachineSpeed? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            MachineSpeed? found = CheckedNodes.Parse(json).Deserialize<MachineSpeed>();
            return found is { Small: not null, Large: not null, Rotation: > 0 } ? found : null;
        }
        catch (Exception e) when (e is MalformedJsonException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Remembers it; a store that cannot be written costs only another measurement.</summary>
    public void Save(ContentStore store)
    {
        try
        {
            AtomicFile.Write(PathIn(store), store.NewTemporary(),
                CanonicalJson.Serialize((JsonObject)JsonSerializer.SerializeToNode(this)!));
        }
        catch (Exception e) when (StoreErrors.IsFileSystem(e))
        {
            return;
        }
    }

    private static string PathIn(ContentStore store) => Path.Combine(store.Root, "machine", FileName);
}
