using QuantBuild.Formats;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Layouts;

/// <summary>This project's own layout: <c>docs/artifact.md</c>.</summary>
internal sealed class NativeLayout : ILayout
{
    public string DirectoryOf(string expert) => expert + "_model";

    public void Write(PackedExpert expert)
    {
        expert.Add("config.json", expert.ConfigJson.Span);
        expert.AddSharded(expert.Plan.KeptTensors.Select(name => expert.Kept(name)).Concat(expert.Layers.SelectMany(Tensors)));
    }

    private static IEnumerable<TensorData> Tensors(PackedLayer layer)
    {
        string name = layer.Plan.Name;
        yield return layer.Codes(name + ".weight_packed");
        yield return layer.Scales(name + ".weight_scale");
        if (layer.IsSmoothed)
            yield return layer.Smooth(name + ".smooth");
        if (layer.HasLowRank)
        {
            yield return layer.Down(name + ".proj_down");
            yield return layer.Up(name + ".proj_up");
        }
        IReadOnlyList<ClipSetting> clips = layer.Clips;
        if (clips.Count == 0)
            yield break;
        yield return TensorData.Of(name + ".clip_ratio", [clips.Count], clips.Select(clip => clip.Ratio).ToArray());
        yield return TensorData.Of(name + ".clip_exponent_offset", [clips.Count], clips.Select(clip => clip.ExponentOffset).ToArray());
        if (clips[0].Threshold is not null)
            yield return TensorData.Of(name + ".clip_threshold", [clips.Count], clips.Select(clip => clip.Threshold!.Value).ToArray());
    }
}
