using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Timing;

namespace QuantBuild.Tool.Text;

/// <summary>A prediction of a device's memory, for people and for programs.</summary>
internal static class DeviceMemoryText
{
    /// <summary>One line.</summary>
    public static string Of(DevicePrediction device)
    {
        var parts = new List<string>();
        if (device.Model is var (placement, need))
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"{BuildStages.Trajectory.Name} {Quantity.Size(need.Bytes)}: ")
                + $"weights {Quantity.Size(need.WeightBytes)}, {DeviceNeed.NameOf(placement)}; "
                + string.Create(CultureInfo.InvariantCulture, $"a pass of {device.Tokens:N0} tokens {Quantity.Size(need.PassBytes)}"));
        if (device.Layers.Count > 0)
            parts.Add(string.Join(", ", device.Layers.Select(stage => $"{stage.Stage} {Quantity.Size(stage.Bytes)}")));
        string limit = device.Limit is not { } memory ? ""
            : $"; {(device.IsTooLarge ? "more than the " : "")}{Quantity.Size(memory)} {(device.IsTooLarge ? "that may be used" : "may be used")}";
        return $"{(device.OnDevice ? "device memory" : "of the machine's memory, by torch,")} {Quantity.Size(device.Bytes)} "
            + $"({string.Join("; ", parts)}){limit} (predicted)";
    }

    /// <summary>The same in JSON; null for the processor's own kernels.</summary>
    public static JsonObject? Document(DevicePrediction? device)
    {
        if (device is null)
            return null;
        (ModelPlacement Placement, ModelNeed Need)? model = device.Model;
        return new JsonObject
        {
            ["bytes"] = device.Bytes,
            ["limitBytes"] = device.Limit,
            ["fits"] = !device.IsTooLarge,
            ["ownMemory"] = device.OnDevice,
            ["model"] = model is var (placement, need) ? new JsonObject
            {
                ["weights"] = DeviceNeed.NameOf(placement),
                ["weightBytes"] = need.WeightBytes,
                ["passBytes"] = need.PassBytes,
                ["tokens"] = device.Tokens,
            } : null,
            ["layers"] = new JsonObject(device.Layers.Select(stage => KeyValuePair.Create(stage.Stage, (JsonNode?)stage.Bytes))),
        };
    }
}
