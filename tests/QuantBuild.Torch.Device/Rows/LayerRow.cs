using System.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Torch.Layers;
using QuantBuild.Compiler.Torch.Sessions;
using QuantBuild.DeviceTable.Inputs;
using QuantBuild.Formats;
using QuantBuild.Torch;

namespace QuantBuild.DeviceTable.Rows;

/// <summary>Seconds of each step of a layer's build on the device: those that QuantBuild.Compiler.Torch runs in a build.</summary>
internal static class LayerRow
{
    private static readonly int[] Steps = [0];

    /// <summary>Builds a layer.</summary>
    /// <param name="measuring">The device.</param>
    /// <param name="which">Its shape, by index.</param>
    public static void Run(Measuring measuring, int which)
    {
        (int outputs, int inputs, _) = measuring.Sizes.Linears[which];
        // The settings of models/Wan2.2-I2V-A14B.
        LayerRecipe gptq = LayerRecipe.Default.With(RecipeSettings.Rank, measuring.Sizes.Rank)
            .With(RecipeSettings.WeightMethod, WeightMethod.Gptq).With(RecipeSettings.ClipRatios, [0.6, 0.7, 0.8, 0.9, 1.0])
            .With(RecipeSettings.ExponentOffsets, [-1, 0, 1]);
        var work = new MadeUpWork(outputs, inputs, measuring.Sizes.RecordedTokens, gptq);
        var session = new TorchSession(new TorchChoice(measuring.OptionsOf(TorchPrecision.BFloat16, fp8: false), Expected: null));
        using var layer = new TorchLayer(work, session);
        string shape = $"{outputs} x {inputs}", tokens = $"{measuring.Sizes.RecordedTokens} tokens";
        // Starting the device is no step.
        session.Runtime();
        work.Branch = Step("low rank", $"rank {gptq.LowRank.Rank}", () => layer.LowRank(1, CancellationToken.None));
        work.Packed = Step("GPTQ", tokens, () => layer.Round(Steps, 1, CancellationToken.None)).Weight;
        ClipSetting clip =
            Step("clip", $"{tokens}, 15 candidates", () => layer.Clip(gptq.Activations, Steps, 1, CancellationToken.None)).Chosen.Clip;
        Step("measure", $"{tokens}, four methods", () => layer.Measure(clip, Steps, 1, CancellationToken.None));
        work.Branch = null;
        work.Use(gptq.With(RecipeSettings.WeightMethod, WeightMethod.Refit));
        GptqResult refit = Step("refit", tokens, () => layer.Round(Steps, 1, CancellationToken.None));
        if (refit.Branch is null)
            measuring.LeaveOut($"refit, {shape}", "it gave no branch");

        T Step<T>(string name, string note, Func<T> step)
        {
            long start = Stopwatch.GetTimestamp();
            T result = step();
            measuring.Report($"{name}, {shape}", Stopwatch.GetElapsedTime(start).TotalSeconds, "s", note);
            return result;
        }
    }
}
