using System.Collections.Immutable;
using System.Runtime.InteropServices;
using QuantBuild.Compiler.Calibration;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Formats;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Calibration;

public sealed class ActivationRecorderTests : IDisposable
{
    private const int Rows = 10;
    private const int Kept = 4;
    private static readonly WanConfig Config = new() { Dim = 32, FfnDim = 64, NumHeads = 2, NumLayers = 1, InDim = 36, OutDim = 16,
        TextLen = 6 };
    private readonly string _root = Path.Combine(Path.GetTempPath(), "quantbuild-tests", Guid.NewGuid().ToString("N"));
    private readonly ContentStore _store;

    public ActivationRecorderTests() => _store = ContentStore.Open(Path.Combine(_root, "store"));

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Keeps_the_chosen_tokens_of_every_step_and_the_absmax_over_all()
    {
        using ActivationRecorder recorder = Recorder(passes: 1);
        float[][] inputs = [Input(1), Input(2)];
        for (int step = 0; step < 2; step++)
            ObserveAll(recorder, step, pass: 0, inputs[step]);

        using SafeTensorsFile recording = Open(recorder, WanSite.Ffn0);

        Assert.Equal([2, Kept, 32], recording.Tensors["tokens"].Shape);
        for (int step = 0; step < 2; step++)
        {
            int[] rows = TokenSampler.Choose(42, 7, 950 - step, 0, Rows, Kept);
            float[] expected = [.. rows.SelectMany(row => inputs[step].Skip(row * 32).Take(32).Select(BFloat16.Round))];
            Assert.Equal(expected, recording.ReadFloat32("tokens").Skip(step * Kept * 32).Take(Kept * 32));
            float[] absmax =
                [.. Enumerable.Range(0, 32).Select(c => Enumerable.Range(0, Rows).Max(row => Math.Abs(inputs[step][(row * 32) + c])))];
            Assert.Equal(absmax, recording.ReadFloat32("absmax").Skip(step * 32).Take(32));
        }
    }

    [Fact]
    public void With_guidance_tokens_are_chosen_among_those_of_both_passes()
    {
        using ActivationRecorder recorder = Recorder(passes: 2);
        float[] conditioned = Input(1);
        float[] unconditioned = [.. Input(2).Select(value => 3 * value)];
        for (int step = 0; step < 2; step++)
        {
            ObserveAll(recorder, step, pass: 0, conditioned);
            ObserveAll(recorder, step, pass: 1, unconditioned);
        }

        using SafeTensorsFile recording = Open(recorder, WanSite.Ffn0);

        float[] both = [.. conditioned, .. unconditioned];
        float[] expected =
            [.. TokenSampler.Choose(42, 7, 950, 0, 2 * Rows, Kept).SelectMany(row => both.Skip(row * 32).Take(32).Select(BFloat16.Round))];
        Assert.Equal(expected, recording.ReadFloat32("tokens").Take(Kept * 32));
        Assert.Equal(Enumerable.Range(0, 32).Select(c => Enumerable.Range(0, 2 * Rows).Max(row => Math.Abs(both[(row * 32) + c]))),
            recording.ReadFloat32("absmax").Take(32));
    }

    [Fact]
    public void A_value_that_is_not_finite_names_sample_timestep_and_site()
    {
        using ActivationRecorder recorder = Recorder(passes: 1);
        float[] input = Input(1);
        input[77] = float.NaN;

        DiagnosticException failure = Assert.Throws<DiagnosticException>(() => ObserveAll(recorder, 1, 0, input));

        Assert.Contains("Sample 7, timestep 949", failure.Diagnostics[0].Message, StringComparison.Ordinal);
        Assert.Contains("high_noise/blocks.0.self_attn.qkv", failure.Diagnostics[0].Message, StringComparison.Ordinal);
    }

    private static float[] Input(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Rows * 32).Select(_ => (float)((random.NextDouble() * 4) - 2))];
    }

    private static void ObserveAll(ActivationRecorder recorder, int step, int pass, float[] input)
    {
        ISiteObserver observer = recorder.At(expert: 0, step, pass);
        foreach (WanSite site in WanLayers.Sites)
        {
            int rows = site == WanSite.CrossAttentionKv ? Config.TextLen : Rows;
            int channels = ActivationRecorder.ChannelsOf(Config, site);
            float[] values = channels == 32 ? input[..(rows * 32)] : [.. input, .. input];
            observer.Observe(0, site, new HostSiteInput(values, rows, channels));
        }
    }

    private ActivationRecorder Recorder(int passes)
    {
        ExpertPlan expert = new("high_noise", _root, Config, [950, 949], [], [], ImmutableArray<string>.Empty);
        return new ActivationRecorder([expert], new ActivationRecorder.Options(42, 7, Kept, [passes]), Rows, _store.NewTemporary());
    }

    private SafeTensorsFile Open(ActivationRecorder recorder, WanSite site)
    {
        BlobRef blob = recorder.Store(_store)[ActivationRecorder.OutputName("high_noise", 0, site)];
        SafeTensorsFile file = SafeTensorsFile.Open(_store.Open(blob.Digest));
        Assert.Equal(2 * ActivationRecorder.ChannelsOf(Config, site), MemoryMarshal.Cast<byte, float>(file.Bytes("absmax")).Length);
        return file;
    }
}
