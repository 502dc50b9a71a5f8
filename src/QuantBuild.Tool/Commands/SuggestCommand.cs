using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Allocation;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Operations;
using QuantBuild.Compiler.Suggestions;
using QuantBuild.Tool.Running;
using QuantBuild.Tool.Streams;
using QuantBuild.Tool.Text;
using Spectre.Console;

namespace QuantBuild.Tool.Commands;

/// <summary><c>quantbuild suggest</c>: which layers to spend bytes on.</summary>
internal static class SuggestCommand
{
    private const double DefaultShare = 0.1;

    private static readonly Option<long?> Size = new("--size", "--max-bytes")
    {
        Description = "Largest size of the artifact, such as 7MiB or a number of bytes [default: its own, unless there is a target].",
        HelpName = "size",
        CustomParser = result =>
        {
            if (Quantity.TryParseSize(result.Tokens[0].Value, out long bytes))
                return bytes;
            result.AddError($"'{result.Tokens[0].Value}' is not a size such as 7MiB.");
            return null;
        },
    };

    private static readonly Option<double?> Target =
        new("--target-error") { Description = "Mean layer error to reach with as few bytes as possible.", HelpName = "e" };

    private static readonly Option<int[]> Ranks = new("--ranks")
    {
        Description =
            "Ranks to try [default: twice and four times a layer's own, and to keep the size also half and three halves]; lower ones "
                + "make room.",
        HelpName = "n",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<double?> Share = new("--max-16bit")
    {
        Description = "Most of the layers' multiplications that may run with 16-bit activations, which w4a16 and bf16 do [default: 10%].",
        HelpName = "part",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (text is "0" or "0%")
                return 0;
            if (Quantity.TryParseFraction(text, out double part))
                return part;
            result.AddError($"'{text}' is not a part such as 10%.");
            return null;
        },
    };

    private static readonly Option<bool> CachedOnly = new("--cached-only")
    {
        Description = "Execute nothing: choose among what the store has measured, and leave the suggestion unchecked.",
    };

    private static readonly Option<bool> Apply =
        new("--apply") { Description = "Write the overrides into the manifest; comments and layout stay." };

    public static Command Create(Session session)
    {
        var command =
            new Command("suggest",
                "Propose overrides, layers to keep at more bits and ranks to raise, for a size or an error, from measured errors; "
                    + "checked by a build.")
        {
            CommonOptions.Manifest,
            Size,
            Target,
            Ranks,
            Share,
            CachedOnly,
            Apply,
            CommonOptions.Json,
            CommonOptions.Store,
            RemoteOptions.Remote,
            RemoteOptions.ReadOnly,
            CommonOptions.Threads,
            CommonOptions.Memory,
            CommonOptions.Log,
        };
        ComputeArguments.AddTo(command);
        command.SetAction(arguments => session.Run(arguments, run =>
        {
            var goal = new SuggestionGoal(arguments.GetValue(Size), arguments.GetValue(Target),
                [.. (arguments.GetValue(Ranks) ?? []).Distinct()],
                arguments.GetValue(Share) ?? DefaultShare, arguments.GetValue(CachedOnly));
            if (goal.MaxBytes is not null && goal.TargetError is not null)
                throw new UsageException("Give either --size or --target-error.");
            if (goal.TargetError < 0 || goal.Ranks.Any(rank => rank < 0))
                throw new UsageException("Errors and ranks cannot be below 0.");
            CompileOptions options = CommonOptions.Compile(arguments, run);
            SuggestionReport report =
                run.Observe(observer => ModelCompiler.Suggest(options, goal, arguments.GetValue(Apply), observer, run.Cancellation));
            if (arguments.GetValue(CommonOptions.Json))
                JsonReport.Write(run.Answer, Document(report));
            else
                Print(report, run.Console);
            return ExitCode.Done;
        }));
        return command;
    }

    private static void Print(SuggestionReport report, ToolConsole console)
    {
        Table modules = Tables.Create("module", "layers", "mean error", "saved per MiB", "to change", "bytes");
        foreach (SuggestionReport.Module module in report.Modules)
        {
            Tables.AddRow(modules, module.Name, Text(module.Layers), Number(module.MeanError),
                module.Gain.ToString("0.00", CultureInfo.InvariantCulture),
                module.Changed == 0 ? "" : Text(module.Changed), module.Changed == 0 ? "" : (module.Bytes < 0 ? "" : "+")
                    + Quantity.Size(module.Bytes));
        }
        console.Tables.Write(modules);
        console.Out.WriteLine();
        if (report.Pinned > 0)
        {
            console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{report.Pinned} layers are left as overrides of the manifest set them."));
            console.Out.WriteLine();
        }
        if (report.Changes.Count == 0)
        {
            console.Out.WriteLine("Nothing to change.");
            return;
        }
        console.Out.WriteLine(report.Applied
            ? $"Added to the overrides of {report.Manifest}:"
            : "To add to the manifest's overrides, at the end (--apply does):");
        foreach (string line in report.Overrides)
            console.Out.WriteLine($"  {line},");
        console.Out.WriteLine();
        Table effects = Tables.Create("", "mean error", "size", "16-bit work");
        AddEffect(effects, "now", report.Now);
        AddEffect(effects, "predicted", report.Predicted);
        if (report.Built is { } built)
            AddEffect(effects, "built", built);
        console.Tables.Write(effects);
    }

    private static void AddEffect(Table table, string name, SuggestionReport.Effect effect) =>
        Tables.AddRow(table, name, Number(effect.MeanError),
        string.Create(CultureInfo.InvariantCulture, $"{Quantity.Size(effect.Bytes)} ({effect.Bytes} bytes)"),
            effect.Share16Bit.ToString("0.0%", CultureInfo.InvariantCulture));

    private static string Number(double value) => value.ToString("0.00000", CultureInfo.InvariantCulture);

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static JsonObject Document(SuggestionReport report) => new()
    {
        ["now"] = Effect(report.Now),
        ["predicted"] = Effect(report.Predicted),
        ["built"] = report.Built is { } built ? Effect(built) : null,
        ["applied"] = report.Applied,
        ["pinned"] = report.Pinned,
        ["overrides"] = new JsonArray([.. report.Overrides.Select(line => JsonNode.Parse(line))]),
        ["layers"] = new JsonArray([.. report.Changes.Select(change => (JsonNode)new JsonObject
        {
            ["expert"] = change.Expert,
            ["layer"] = change.Layer,
            ["now"] = Option(change.Now),
            ["then"] = Option(change.Then),
        })]),
        ["modules"] = new JsonArray([.. report.Modules.Select(module => (JsonNode)new JsonObject
        {
            ["module"] = module.Name,
            ["layers"] = module.Layers,
            ["meanError"] = module.MeanError,
            ["savedPerMebibyte"] = module.Gain,
            ["changed"] = module.Changed,
            ["bytes"] = module.Bytes,
        })]),
    };

    private static JsonObject Effect(SuggestionReport.Effect effect) => new()
    {
        ["meanError"] = effect.MeanError,
        ["bytes"] = effect.Bytes,
        ["share16Bit"] = effect.Share16Bit,
    };

    private static JsonObject Option(LayerOption option) => new()
    {
        ["precision"] = RecipeNames.Precision.NameOf(option.Precision),
        ["rank"] = option.Rank,
        ["error"] = option.Error,
        ["bytes"] = option.Bytes,
    };
}
