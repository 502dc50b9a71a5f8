using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Evaluation;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Work;

namespace QuantBuild.Benchmarks.Fidelity;

/// <summary>
/// What every step of the algorithm brings: TinyWan built in many ways, and the errors of its 120 layers on held-out tokens against those
/// of the paper's pipeline, <c>models/TinyWan/paper.quant.json</c>.
/// </summary>
internal static class FidelityCommand
{
    /// <summary>Runs it.</summary>
    /// <param name="store">The store, which keeps what a later run can use; null for a temporary one.</param>
    /// <param name="part">Only variants whose name has this in it; null for all.</param>
    public static int Run(string? store, string? part)
    {
        string root = typeof(FidelityCommand).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(data => data.Key == "RepositoryRoot").Value!;
        string model = Path.Combine(root, "models", "TinyWan");
        string folder = store ?? Directory.CreateTempSubdirectory("quantbuild-fidelity-").FullName;
        try
        {
            using CompileSession paper = Open(Path.Combine(model, "paper.quant.json"), folder);
            using CompileSession ours = Open(Path.Combine(model, "tinywan.quant.json"), folder);
            string data = Path.Combine(model, "eval.jsonl");
            using var heldOut = new HeldOutErrors(ours, data, File.ReadLines(data).Count(line => line.Length > 0),
                HeldOutErrors.DefaultTokens, SilentObserver.Instance);
            ImmutableSortedDictionary<string, double> reference = Errors(heldOut, Build(paper, paper.Plan));
            Console.WriteLine($"paper's pipeline: {Mean(reference.Values):F6}, the geometric mean of {reference.Count} layers");
            Console.WriteLine($"{"ratio to it",-36} mean   worse most    bytes    {string.Join(' ', Modules(reference.Keys))}");
            foreach ((string name, var change) in Variants.All.Where(variant => part is null || variant.Name.Contains(part,
                StringComparison.OrdinalIgnoreCase)))
            {
                Plan plan = Variants.Of(ours.Plan, change);
                BuiltModel built = Build(ours, name == Variants.Budget ? Ranked(ours, Variants.Budgeted(plan)) : plan);
                var errors = Errors(heldOut, built);
                ImmutableSortedDictionary<string, double> ratios = errors.ToImmutableSortedDictionary(entry => entry.Key, entry =>
                    entry.Value / reference[entry.Key], StringComparer.Ordinal);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{name,-36} {Mean(ratios.Values):F4} {ratios.Values.Count(ratio => ratio > 1),5} {ratios.Values.Max():F3}  "
                        + $"{Bytes(built),8} ")
                    + string.Join(' ', Modules(reference.Keys).Select(module => Mean(ratios.Where(entry => ModuleOf(entry.Key) == module)
                        .Select(entry => entry.Value)).ToString("F3", CultureInfo.InvariantCulture).PadLeft(module.Length))));
            }
            return 0;
        }
        finally
        {
            if (store is null)
                Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Reads the options; null when they are something else.</summary>
    public static (string? Store, string? Part)? Parse(string[] options)
    {
        (string? store, string? part) = (null, null);
        for (int i = 0; i + 1 < options.Length; i += 2)
        {
            if (options[i] == "--store")
                store = options[i + 1];
            else if (options[i] == "--only")
                part = options[i + 1];
            else
                return null;
        }
        return options.Length % 2 == 0 ? (store, part) : null;
    }

    private static CompileSession Open(string manifest, string store) => CompileSession.Open(new CompileOptions(manifest, store),
        SilentObserver.Instance, execute: true, CancellationToken.None);

    private static BuiltModel Build(CompileSession session, Plan plan) =>
        ModelBuild.Run(session.Context with { Plan = plan }, [.. session.Sources.Zip(plan.Experts, (source, expert) => source.For(expert))],
            SilentObserver.Instance)
        ?? throw new InvalidOperationException("an executing build left actions out");

    /// <summary>The plan with ranks that fit into the bytes of those it has.</summary>
    private static Plan Ranked(CompileSession session, Plan plan) => RankResolution.Resolve(session.Context with { Plan = plan },
        [.. session.Sources.Zip(plan.Experts, (source, expert) => source.For(expert))], SilentObserver.Instance)
        ?? throw new InvalidOperationException("an executing build left actions out");

    /// <summary>Bytes of the tensors of all layers.</summary>
    private static long Bytes(BuiltModel built) => built.Experts.Sum(expert => expert.Layers.Sum(layer =>
        LayerSize.Of(expert.Source.Plan, layer.Plan).Total));

    /// <summary><c>sum |Yq - Y|² / sum |Y|²</c> by expert and layer.</summary>
    private static ImmutableSortedDictionary<string, double> Errors(HeldOutErrors heldOut, BuiltModel built) =>
        heldOut.Of("", built.Experts, SilentObserver.Instance).ToImmutableSortedDictionary(layer => $"{layer.Expert} {layer.Layer}",
            layer => layer.Recipe * layer.Recipe, StringComparer.Ordinal);

    private static double Mean(IEnumerable<double> values) => Math.Exp(values.Average(Math.Log));

    private static IEnumerable<string> Modules(IEnumerable<string> layers) => layers.Select(ModuleOf).Distinct();

    private static string ModuleOf(string layer) => string.Join('.', layer.Split('.')[^2..]);
}
