using System.Collections.Immutable;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Manifests.Binding;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Provenance;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Compiler.Stages;
using QuantBuild.Compiler.Sources;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Compiler.Operations;

/// <summary>Holds what a statement says about a build's inputs against the inputs that are here.</summary>
internal static class ProvenanceInputs
{
    /// <summary>Compares manifest, lock, plan, checkpoints and calibration samples.</summary>
    /// <param name="build">The statement.</param>
    /// <param name="options">The manifest, and the store that remembers digests of files.</param>
    /// <param name="ct">Ends the hashing.</param>
    /// <returns>
    /// Every input by name with what is wrong with it: null when it is the stated one, QB5045 when it is another one, and any other
    /// diagnostic when it cannot be read here and therefore was not compared.
    /// </returns>
    public static ImmutableArray<(string Name, Diagnostic? Problem)> Compare(StatedBuild build, CompileOptions options,
        CancellationToken ct = default)
    {
        ManifestReadResult read = ManifestReader.Read(options.Manifest);
        if (read.Manifest is not { } manifest)
            throw new DiagnosticException(read.Diagnostics);
        var inputs = new Inputs(manifest.Path);
        inputs.Add("manifest", build.Manifest, () => manifest.Content);
        inputs.Add("lock", build.Lock, () =>
        {
            string path = LockFile.PathFor(manifest.Path);
            return Digest.Of(LockFile.Require(path).ToJson());
        });
        var found = new Lazy<PlanResult>(() =>
            Planner.Resolve(LoraDownload.Fetch(manifest, options.Hub, ct),
                CompileSession.Locate(manifest, options, SilentObserver.Instance, execute: false, decodes: false, ct),
                backends: SessionBackends.Of(options)));
        Plan RequirePlan() => found.Value.Plan ?? throw new DiagnosticException(found.Value.Diagnostics);
        Plan RequireWeights() => RequirePlan() is { Location.HeadersOnly: false } plan ? plan
            : throw new DiagnosticException(Descriptors.SourceNotFetched.At(manifest.Model.Span, manifest.Model.Source,
                "its weights are not in the download cache"));
        inputs.Add("plan", build.Plan, () => PlanDigest.Of(RequirePlan()));

        var here = new Dictionary<string, Func<Digest>>(StringComparer.Ordinal);
        using ContentStore store = ContentStore.Open(options.Store ?? ContentStore.DefaultRoot());
        foreach (string expert in ExpertNames.All)
        {
            here[$"checkpoint/{expert}"] = () =>
            {
                using ExpertSource source = ExpertSource.Open(RequireWeights().Experts.Single(plan => plan.Name == expert),
                    RequireWeights().Location, store, options.ThreadCount, ct);
                return source.Content;
            };
        }
        var samples = new Lazy<ImmutableArray<Digest>>(() =>
        {
            Plan plan = RequireWeights();
            // Samples of pictures that the store does not have are made: nothing else tells what they are.
            var context = new BuildContext(plan, new StageRunner(new BuildStore(store), SilentObserver.Instance, execute: true),
                new WorkBudget(long.MaxValue, options.ThreadCount, long.MaxValue), ct);
            return SampleLoading.DigestsOf(context);
        });
        foreach ((string name, Digest stated) in build.Dependencies)
            inputs.Add(name, stated, here.GetValueOrDefault(name) ?? (() => Sample(samples.Value, name, manifest.Path)));
        return inputs.All;
    }

    private static Digest Sample(ImmutableArray<Digest> samples, string name, string manifest)
    {
        for (int i = 0; i < samples.Length; i++)
        {
            if (name == FormattableString.Invariant($"calibration/{i}"))
                return samples[i];
        }
        throw new DiagnosticException(Descriptors.ProvenanceInputDiffers.At(new SourceSpan(manifest), name, "something", "nothing"));
    }

    private sealed class Inputs(string manifest)
    {
        private readonly ImmutableArray<(string, Diagnostic?)>.Builder _all = ImmutableArray.CreateBuilder<(string, Diagnostic?)>();

        public ImmutableArray<(string Name, Diagnostic? Problem)> All => _all.ToImmutable();

        public void Add(string name, Digest stated, Func<Digest> find)
        {
            try
            {
                Digest found = find();
                _all.Add((name, found == stated
                    ? null
                    : Descriptors.ProvenanceInputDiffers.At(new SourceSpan(manifest), name, stated.Short, found.Short)));
            }
            catch (DiagnosticException failure)
            {
                _all.Add((name, failure.Diagnostics[0]));
            }
        }
    }
}
