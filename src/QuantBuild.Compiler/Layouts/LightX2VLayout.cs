using System.Text.Json.Nodes;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Layouts;

/// <summary>
/// LightX2V's <c>mxfp4</c>: scales in the order that its kernel reads them, the low-rank branch as a LoRA that is applied at run time, and
/// a piece of its configuration that names the files. It has no place for smoothing or clip ratios, and quantizes every layer of every
/// block.
/// </summary>
/// <param name="plan">The whole plan: the configuration is about both experts.</param>
internal sealed class LightX2VLayout(Plan plan) : ILayout
{
    private const string WeightsFile = "diffusion_pytorch_model.safetensors";
    private const string BranchFile = "low_rank.safetensors";

    public string DirectoryOf(string expert) => expert + "_model";

    public JsonNode? Describe(ExpertPlan expert) => expert.Name == ExpertNames.HighNoise ? Configuration() : null;

    public void Write(PackedExpert expert)
    {
        expert.Add("config.json", expert.ConfigJson.Span);
        expert.Add(WeightsFile, expert.Plan.KeptTensors.Select(name => expert.Kept(name))
            .Concat(expert.Layers.SelectMany(layer => (TensorData[])[layer.Codes(layer.Plan.WeightName), Scales(layer)])));
        if (HasBranch(expert.Plan))
            expert.Add(BranchFile, expert.Layers.Where(layer => layer.HasLowRank).SelectMany(Branch));
        if (expert.Plan.Name == ExpertNames.HighNoise)
            expert.Add("lightx2v.json", CanonicalJson.SerializeIndented(Configuration()));
    }

    /// <summary>Scales padded to tiles of 128 rows and 4 columns, in the order of cuBLAS's block-scaled products.</summary>
    private static TensorData Scales(PackedLayer layer)
    {
        int rows = layer.Plan.OutFeatures, columns = layer.Plan.InFeatures / 32;
        int paddedRows = (rows + 127) / 128 * 128, paddedColumns = (columns + 3) / 4 * 4;
        return new TensorData(layer.Plan.Name + ".weight_scale", DType.F8_E8M0, [paddedRows, paddedColumns], stream =>
        {
            byte[] plain = layer.ReadScales(), tiled = new byte[paddedRows * paddedColumns];
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                {
                    int tile = (row / 128 * (paddedColumns / 4)) + (column / 4);
                    tiled[(tile * 512) + (row % 32 * 16) + (row % 128 / 32 * 4) + (column % 4)] = plain[(row * columns) + column];
                }
            }
            stream.Write(tiled);
        });
    }

    /// <summary>Without <c>alpha</c>, which would scale the branch.</summary>
    private static TensorData[] Branch(PackedLayer layer) =>
    [
        layer.Down($"diffusion_model.{layer.Plan.Name}.lora_down.weight"),
        layer.Up($"diffusion_model.{layer.Plan.Name}.lora_up.weight"),
    ];

    private JsonObject Configuration() => new()
    {
        ["dit_quantized"] = true,
        ["dit_quant_scheme"] = "mxfp4",
        ["high_noise_quantized_ckpt"] = $"{DirectoryOf(ExpertNames.HighNoise)}/{WeightsFile}",
        ["low_noise_quantized_ckpt"] = $"{DirectoryOf(ExpertNames.LowNoise)}/{WeightsFile}",
        // Merged into the weights, as LoRAs are by default, the branch would have to be 4-bit.
        ["lora_dynamic_apply"] = true,
        ["lora_configs"] = new JsonArray([.. plan.Experts.Where(HasBranch).Select(expert => (JsonNode)new JsonObject
        {
            ["name"] = expert.Name + "_model",
            ["path"] = $"{DirectoryOf(expert.Name)}/{BranchFile}",
            ["strength"] = 1.0,
        })]),
    };

    private static bool HasBranch(ExpertPlan expert) =>
        expert.Layers.Any(layer => layer.Recipe.Precision != Precision.BF16 && layer.Recipe.LowRank.Rank > 0);
}
