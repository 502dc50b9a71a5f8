using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using QuantBuild.Compiler.Build;
using QuantBuild.Compiler.Scheduling;
using QuantBuild.Tool.Logging;
using QuantBuild.Tool.Text;

namespace QuantBuild.Tool.Running;

/// <summary>Arguments and options that several commands share.</summary>
internal static class CommonOptions
{
    private const string ManifestPattern = "*.quant.json";

    public static Option<bool> Verbose { get; } =
        new("--verbose") { Description = "Say more: every executed action, what to do about each diagnostic, and stack traces.",
            Recursive = true };

    public static Argument<string?> Manifest { get; } = new("manifest")
    {
        Description = $"The manifest; left out, the only {ManifestPattern} of the current folder.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public static Option<string?> Store { get; } = new("--store")
    {
        Description = "Folder of the store that keeps finished work [default: QUANTBUILD_CACHE, else the user's cache folder].",
        HelpName = "dir",
    };

    public static Option<int> Threads { get; } = AtLeast(0, new Option<int>("--threads")
    {
        Description = "Threads to use; 0 for all cores. The result is the same for any number.",
        HelpName = "n",
    });

    public static Option<MemoryLimit?> Memory { get; } = new("--memory-limit")
    {
        Description =
            "Memory to use, such as 8GiB, or a share of what is free, such as 50% [default: 70%]. The result is the same for any limit.",
        HelpName = "size",
        CustomParser = result =>
        {
            MemoryLimit? limit = MemoryLimit.Parse(result.Tokens[0].Value);
            if (limit is null)
                result.AddError($"--memory-limit takes a size such as 8GiB or a share such as 70%, not '{result.Tokens[0].Value}'.");
            return limit;
        },
    };

    public static Option<LogFormat> Log { get; } = OneOf(new Option<LogFormat>("--log")
    {
        Description = "Form of the log: text for people, json for programs (one line per action on standard output).",
        HelpName = "text|json",
    });

    public static Option<string?> PublicKey { get; } = new("--key")
    {
        Description =
            "Require the provenance to be signed by the owner of this public key: a PEM file for openssl, or an address that cosign knows.",
        HelpName = "key",
    };

    public static Option<bool> HardLinks { get; } = new("--hard-links")
    {
        Description =
            "Make the artifact's files read-only hard links into the store instead of copies: no space is taken twice, but whoever "
                + "writes into one damages the store.",
    };

    public static Option<bool> Force { get; } =
        new("--force") { Description = "Write the artifact over files that no artifact wrote, too." };

    public static Option<bool> Json { get; } = new("--json") { Description = "Answer in JSON." };

    /// <summary>What the compiler needs, from a command line with these options.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="run">The command, which tells of downloads.</param>
    /// <param name="locked">Whether the lock file must not change.</param>
    public static CompileOptions Compile(ParseResult arguments, CommandRun run, bool locked = false) =>
        new(ManifestOf(arguments.GetValue(Manifest)), arguments.GetValue(Store), arguments.GetValue(Threads), locked,
            arguments.GetValue(Memory), HubConnection.Access(run))
        {
            Compute = ComputeArguments.Of(arguments),
            Remote = arguments.CommandResult.Command.Options.Contains(RemoteOptions.Remote)
                ? RemoteOptions.Of(arguments, Environment.GetEnvironmentVariable)
                : null,
        };

    /// <summary>The manifest named, or the only one here.</summary>
    /// <exception cref="UsageException">None or several are here.</exception>
    public static string ManifestOf(string? named)
    {
        if (named is not null)
            return named;
        string[] here = [.. Directory.EnumerateFiles(Directory.GetCurrentDirectory(), ManifestPattern).Order(StringComparer.Ordinal)];
        return here.Length switch
        {
            1 => here[0],
            0 => throw new UsageException($"Name a manifest: there is no {ManifestPattern} in this folder."),
            _ => throw new UsageException($"Name one manifest: this folder has {string.Join(", ", here.Select(Path.GetFileName))}."),
        };
    }

    /// <summary>Takes the names that the help lists, in any case, and nothing else: numbers are names of nothing.</summary>
    public static Option<T> OneOf<T>(Option<T> option)
        where T : struct, Enum
    {
        option.CustomParser = result => Named<T>(option, result) ?? default;
        return option;
    }

    /// <summary>The same for an option that may be left out.</summary>
    public static Option<T?> OneOf<T>(Option<T?> option)
        where T : struct, Enum
    {
        option.CustomParser = result => Named<T>(option, result);
        return option;
    }

    /// <summary>Refuses values below a limit as wrong usage.</summary>
    public static Option<T> AtLeast<T>(int limit, Option<T> option) =>
        Checked<T, int>(option, value => value >= limit, $"must be at least {limit}");

    /// <summary>Refuses values beyond limits as wrong usage.</summary>
    public static Option<T> Between<T, TValue>(TValue least, TValue most, Option<T> option)
        where TValue : struct, INumber<TValue> =>
        Checked<T, TValue>(option, value => value >= least && value <= most,
            string.Create(CultureInfo.InvariantCulture, $"must be a number from {least} to {most}"));

    private static T? Named<T>(Option option, ArgumentResult result)
        where T : struct, Enum
    {
        string text = result.Tokens[0].Value;
        string[] names = option.HelpName!.Split('|');
        if (names.Contains(text, StringComparer.OrdinalIgnoreCase))
            return Enum.Parse<T>(text, ignoreCase: true);
        result.AddError($"{option.Name} takes {string.Join(", ", names[..^1])} or {names[^1]}, not '{text}'.");
        return null;
    }

    private static Option<T> Checked<T, TValue>(Option<T> option, Func<TValue, bool> isRight, string rule)
    {
        option.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.Tokens.Count > 0 && result.GetValueOrDefault<T>() is TValue value && !isRight(value))
                result.AddError($"{option.Name} {rule}.");
        });
        return option;
    }
}
