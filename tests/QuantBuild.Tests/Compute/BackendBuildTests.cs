using System.Collections.Concurrent;
using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Compute.Cpu;
using QuantBuild.Compiler.Compute.Loading;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Compiler.Work;
using QuantBuild.Denoisers;
using QuantBuild.Formats;
using QuantBuild.Tests.Stages;

namespace QuantBuild.Tests.Compute;

/// <summary>A build with another backend than the processor's: every number that has a choice comes from there, and no other.</summary>
public sealed class BackendBuildTests
{
    [Fact]
    public void All_steps_of_layers_and_all_runs_of_the_model_go_to_the_backends_of_the_plan()
    {
        using var project = new TinyProject();
        var observer = new Profiles();
        var model = new Counting("model-1");
        var layers = new Counting("layers-1");
        using var session = CompileSession.Open(project.Options(), observer, execute: true, project.Cancellation);

        BuiltModel usual = ModelBuild.Run(session.Context, session.Sources, SilentObserver.Instance)!;
        Assert.Empty(observer.OfStages["Gptq"].Except(["cpu-1"]));
        observer.OfStages.Clear();
        BuiltModel other = ModelBuild.Run(
            session.Context with { Plan = session.Plan with { Backends = new Backends(model, layers) } }, session.Sources,
            SilentObserver.Instance)!;

        Assert.Equal(["model-1"], observer.OfStages["Trajectory"]);
        Assert.All((string[])["LowRank", "Gptq", "Clip", "Measure"], stage => Assert.Equal(["layers-1"], observer.OfStages[stage]));
        // Smoothing reads recordings of the same content: it is the processor's, and was made before.
        Assert.False(observer.OfStages.ContainsKey("Smooth"));
        // Ten layers in each expert, with two bins: a search and a measurement in each.
        Assert.Equal([("Clip", 40), ("LowRank", 20), ("Measure", 40), ("Round", 20)],
            layers.Calls.Where(call => call.Key != nameof(IComputeBackend.Start)).OrderBy(call => call.Key, StringComparer.Ordinal)
                .Select(call => (call.Key, call.Value)));
        Assert.Equal(["Open", "Open"], model.Calls.Keys.Where(name => name != nameof(IComputeBackend.Start))
            .SelectMany(name => Enumerable.Repeat(name, model.Calls[name])));
        Assert.Equal(20, layers.Disposed);
        Assert.Equal(usual.Experts.SelectMany(expert => expert.Files.Values), other.Experts.SelectMany(expert => expert.Files.Values));
    }

    [Fact]
    public void A_backend_is_started_when_something_is_missing_that_it_may_be_needed_for_and_not_before()
    {
        using var project = new TinyProject();
        var model = new Counting("model-1");
        var layers = new Counting("layers-1") { Refuses = true };
        using var session = CompileSession.Open(project.Options(), SilentObserver.Instance, execute: true, project.Cancellation);
        BuildContext context = session.Context with { Plan = session.Plan with { Backends = new Backends(model, layers) } };

        // Before the first trajectory: the layers' turn would come much later.
        Assert.Equal("QB3243", Assert.Single(Assert.Throws<DiagnosticException>(() =>
            ModelBuild.Run(context, session.Sources, SilentObserver.Instance)).Diagnostics).Descriptor.Code);
        Assert.DoesNotContain("Open", model.Calls.Keys);

        layers.Refuses = false;
        ModelBuild.Run(context, session.Sources, SilentObserver.Instance);
        (layers.Refuses, model.Refuses) = (true, true);
        Assert.NotNull(ModelBuild.Run(context, session.Sources, SilentObserver.Instance));
    }

    [Fact]
    public void A_plan_names_the_memory_that_its_backend_declares()
    {
        using var project = new TinyProject();
        using var session = CompileSession.Open(project.Options(), SilentObserver.Instance, execute: false, project.Cancellation);
        var layers = new Counting("layers-1") { HostBytes = 12345678 };

        Assert.All(QuantBuild.Compiler.Stages.LayerBuild.Needs(session.Plan with { Backends = new Backends(CpuBackend.Instance, layers) }),
            need => Assert.Equal(12345678, need.Bytes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_layer_that_a_device_cannot_hold_is_told_before_calibration_and_before_its_own_turn(bool calibrated)
    {
        using var project = new TinyProject();
        using var session = CompileSession.Open(project.Options(), SilentObserver.Instance, execute: true, project.Cancellation);
        if (calibrated)
            ModelBuild.Run(session.Context, session.Sources, SilentObserver.Instance);
        var layers = new Counting("layers-1") { DeviceBytes = step => step == LayerStep.Round ? 3 << 20 : 1 << 20, DeviceMemory = 2 << 20 };
        BuildContext context = session.Context with { Plan = session.Plan with { Backends = new Backends(CpuBackend.Instance, layers) } };

        Diagnostic problem = Assert.Throws<DiagnosticException>(() =>
            ModelBuild.Run(context, session.Sources, SilentObserver.Instance)).Diagnostics[0];

        Assert.Equal("QB3270", problem.Descriptor.Code);
        Assert.Contains("needs about 3 MiB of the device's memory (Gptq)", problem.Message, StringComparison.Ordinal);
        Assert.Contains("has 2 MiB", problem.Message, StringComparison.Ordinal);
        Assert.Equal(!calibrated, problem.Message.Contains(", and 19 others need too much", StringComparison.Ordinal));
        Assert.Equal([nameof(IComputeBackend.Start)], layers.Calls.Keys);
        layers.DeviceMemory = 3 << 20;
        Assert.NotNull(ModelBuild.Run(context, session.Sources, SilentObserver.Instance));
    }

    /// <summary>The processor's backend under another name, with a count of what it is asked for.</summary>
    private sealed class Counting(string profile) : IComputeBackend, IDenoiserFactory
    {
        private int _disposed;

        public ConcurrentDictionary<string, int> Calls { get; } = new(StringComparer.Ordinal);

        public int Disposed => _disposed;

        public long? HostBytes { get; init; }

        public Func<LayerStep, long> DeviceBytes { get; init; } = _ => 0;

        public long? DeviceMemory { get; set; }

        public string Name => "counting";

        public IDenoiserFactory Models => this;

        public NumericProfile ProfileOf(ComputeGroup group) => new(profile, BitExact: false);

        public QuantBuild.Pipelines.IEncoderFactory Encoders => CpuBackend.Instance.Encoders;

        public bool Refuses { get; set; }

        public void Start(string needed)
        {
            Count(nameof(Start));
            if (Refuses)
                throw new DiagnosticException(Descriptors.TorchDevice.At(null, "there is no device"));
        }

        public ILayerCompute Open(ILayerData layer) => new Layer(this, CpuBackend.Instance.Open(layer));

        public ResourceNeed NeedOf(LayerStep step, LayerSpec layer, long tokens, int threads) =>
            new(HostBytes ?? CpuBackend.Instance.NeedOf(step, layer, tokens, threads).HostBytes, DeviceBytes(step));

        public QuantBuild.Models.Wan.IDenoiser Open(QuantBuild.Models.Wan.WanConfig config, QuantBuild.SafeTensors.ITensorSource weights,
            QuantBuild.Models.WeightStorage storage)
        {
            Count("Open");
            return CpuDenoiserFactory.Instance.Open(config, weights, storage);
        }

        public QuantBuild.Models.Wan.IDenoiser Open(QuantBuild.Artifacts.ArtifactExpertModel quantized,
            QuantBuild.Models.WeightStorage storage) => throw new NotSupportedException();

        private void Count(string name) => Calls.AddOrUpdate(name, 1, (_, count) => count + 1);

        private sealed class Layer(Counting backend, ILayerCompute layer) : ILayerCompute
        {
            public RotationErrors Rotate(IReadOnlyCollection<int> steps, int threads, CancellationToken ct)
            {
                backend.Count(nameof(Rotate));
                return layer.Rotate(steps, threads, ct);
            }

            public ImmutableArray<RankCurve.Point> Curve(IReadOnlyCollection<int> steps, int threads, CancellationToken ct)
            {
                backend.Count(nameof(Curve));
                return layer.Curve(steps, threads, ct);
            }

            public LowRankBranch LowRank(int threads, CancellationToken ct)
            {
                backend.Count(nameof(LowRank));
                return layer.LowRank(threads, ct);
            }

            public GptqResult Round(IReadOnlyCollection<int> steps, int threads, CancellationToken ct)
            {
                backend.Count(nameof(Round));
                return layer.Round(steps, threads, ct);
            }

            public ClipResult Clip(ActivationRecipe recipe, IReadOnlyCollection<int> steps, int threads, CancellationToken ct)
            {
                backend.Count(nameof(Clip));
                return layer.Clip(recipe, steps, threads, ct);
            }

            public LadderErrors Measure(ClipSetting? clip, IReadOnlyCollection<int> steps, int threads, CancellationToken ct)
            {
                backend.Count(nameof(Measure));
                return layer.Measure(clip, steps, threads, ct);
            }

            public void Dispose()
            {
                Interlocked.Increment(ref backend._disposed);
                layer.Dispose();
            }
        }
    }

    private sealed class Profiles : IBuildObserver
    {
        public ConcurrentDictionary<string, HashSet<string>> OfStages { get; } = new(StringComparer.Ordinal);

        public void ActionStarted(ActionSpec action)
        {
            HashSet<string> profiles = OfStages.GetOrAdd(action.Stage.Name, _ => []);
            lock (profiles)
                profiles.Add(action.Profile.Name);
        }

        public void ActionFinished(ActionEvent action)
        {
        }

        public void PhaseStarted(string name, int actions)
        {
        }

        public void Waiting(ActionSpec action)
        {
        }

        public void Report(Diagnostic diagnostic)
        {
        }
    }
}
