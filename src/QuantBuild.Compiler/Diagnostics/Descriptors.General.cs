namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB0: configuration of the program, and QB9: internal.</content>
internal static partial class Descriptors
{
    /// <summary>
    /// QB0001: the build step is not complete. The MSBuild task reports it, which cannot use this table: it is loaded without the compiler.
    /// </summary>
    public static readonly DiagnosticDescriptor WorkerMissing = new("QB0001", Severity.Error,
        "The file '{0}', which the build needs to quantize, does not exist",
        "`QuantToolPath` leads nowhere, or the package was not restored completely.",
        "Restore the packages again; leave `QuantToolPath` alone unless you build QuantBuild yourself.");

    /// <summary>
    /// QB0002: a name of a model in a project. Reported by the targets, like the following: they are loaded without the compiler.
    /// </summary>
    public static readonly DiagnosticDescriptor ModelName = new("QB0002", Severity.Error,
        "'{0}' cannot be the name of a model: letters, digits, '.', '-' and '_' can",
        "A model's name, `LogicalName` of its `QuantManifest`, else the manifest's file name, becomes a folder, the name of resources "
            + "and, its words with capitals, a class. Two models of a project have the same, or it has a character that a folder or a "
                + "class cannot have.",
        "Name the model in the project: `<QuantManifest Include=\"second.quant.json\" LogicalName=\"second\" />`; when only the classes "
            + "are the same, `ClassName=\"Second\"`. When a manifest is listed twice, remove one of the items.");

    /// <summary>QB0003: the worker crashed.</summary>
    public static readonly DiagnosticDescriptor WorkerCrashed = new("QB0003", Severity.Error,
        "The quantizer ended with exit code {0} and without a diagnostic",
        "It was killed (137: often for lack of memory) or crashed (134 and 139: often in a native library, such as libtorch or a driver of "
            + "a GPU). What was finished is in the store, and the next build goes on there.",
        "Run the command of the message by hand and look at its output; free memory; report a crash.");

    /// <summary>QB0004: too large to embed.</summary>
    public static readonly DiagnosticDescriptor ArtifactTooLargeToEmbed = new("QB0004", Severity.Error,
        "The artifact of '{0}' has {1} bytes; more than {2} cannot be embedded",
        "`Embed` is `true`, but neither the C# compiler nor the runtime can handle an assembly of that size.",
        "Set `Embed` to `false` or leave it out: the files then lie beside the app.");

    /// <summary>QB0005: too large for a package.</summary>
    public static readonly DiagnosticDescriptor PackageTooLarge = new("QB0005", Severity.Error,
        "The models of this project have {0} bytes; the package may have {1}",
        "Registries refuse packages above a size; the limit is `QuantPackageLimit`.",
        "Set `IsPackable` to `false` and hand the model on by `ProjectReference`, `dotnet publish` or `QuantPush`; or raise the limit "
            + "for a registry that takes more.");

    /// <summary>QB0006: a damaged artifact in the intermediate folder.</summary>
    public static readonly DiagnosticDescriptor CollectedArtifactUnreadable = new("QB0006", Severity.Error,
        "The artifact in '{0}' cannot be read: {1}",
        "A file in the intermediate folder was changed by hand, or the disk is damaged.",
        "Run `dotnet build -t:QuantClean` and build again; finished work is taken from the store.");

    /// <summary>QB0007: the build engine is too old.</summary>
    public static readonly DiagnosticDescriptor BuildEngineTooOld = new("QB0007", Severity.Error,
        "This is MSBuild {0}; QuantBuild needs MSBuild 18 or later, which comes with the .NET 10 SDK",
        "The project is built by an older Visual Studio, or by an older SDK that a `global.json` picks.",
        "Build with the .NET 10 SDK, or Visual Studio 2026 or later; `dotnet --version` says what a folder uses.");

    /// <summary>QB0008: a project of the old kind.</summary>
    public static readonly DiagnosticDescriptor ProjectWithoutSdk = new("QB0008", Severity.Error,
        "'{0}' does not use the .NET SDK; QuantBuild needs a project that begins with Sdk=\"Microsoft.NET.Sdk\"",
        "The project is of the old kind that imports `Microsoft.CSharp.targets` itself, or of another SDK.",
        "Give the model a project of its own (`dotnet new classlib`) and reference that.");

    /// <summary>QB0009: the .NET SDK is too old.</summary>
    public static readonly DiagnosticDescriptor SdkTooOld = new("QB0009", Severity.Error,
        "This is the .NET SDK {0}; QuantBuild needs the .NET SDK 10 or later",
        "A `global.json` picks an older SDK, or no newer one is installed.",
        "Install the .NET 10 SDK and let `global.json` allow it.");

    /// <summary>QB0010: a property of the build step that cannot be understood.</summary>
    public static readonly DiagnosticDescriptor PropertyValue = new("QB0010", Severity.Error,
        "'{0}' cannot be the value of {1}",
        "A property of the project, such as `QuantVerbosity` or `QuantMemoryLimit`, or a metadatum of a `QuantManifest` has a value "
            + "that means nothing.",
        "Correct the value, or remove it; the message says what it can be, and `docs/msbuild.md` what it means.");

    /// <summary>QB0011: QuantPush is not told enough.</summary>
    public static readonly DiagnosticDescriptor PushUnclear = new("QB0011", Severity.Error,
        "QuantPush {0}",
        "The project does not say which repository to publish to, or has several models.",
        "Set QuantPushRepository, or publish with `quantbuild push`.");

    /// <summary>QB0012: an assembly that is published as it is, and files that do not fit it.</summary>
    public static readonly DiagnosticDescriptor PublishedWithoutBuilding = new("QB0012", Severity.Error,
        "The assembly '{0}' {1}. Build the project, without --no-build",
        "`dotnet publish --no-build` or `dotnet pack --no-build` takes the assembly as it is and builds no model. The artifact that "
            + "would go with it is another one than the assembly was compiled with, or there is none; an app would fail when it opens "
                + "the model.",
        "Run `dotnet build` first, or leave `--no-build` out. On a machine that only publishes, bring `obj` along with `bin`.");

    /// <summary>QB0013: a build that would compile without its model.</summary>
    public static readonly DiagnosticDescriptor CompiledWithoutModel = new("QB0013", Severity.Error,
        "The assembly would be compiled {0}, because a target asked for AssignTargetPaths or QuantCollect before the model was built",
        "MSBuild runs a target once. A target of the project, or the command line, ran the one that collects artifacts before the one "
            + "that builds them.",
        "Let the target that is so early depend on `Quantize` as well: `DependsOnTargets=\"Quantize;AssignTargetPaths\"`. The model is "
            + "built by now, so that the next build may do until the manifest changes.");

    /// <summary>QB0014: a path that no command line can have.</summary>
    public static readonly DiagnosticDescriptor PathWithQuotationMark = new("QB0014", Severity.Error,
        "A path of this build has a quotation mark, which no command line can have: {0}",
        "The folder of the project, of its output or of the package has a quotation mark in its name.",
        "Give the folder another name, or set `QuantOutputPath` to one without it.");

    /// <summary>QB0015: an output folder that is the project's own.</summary>
    public static readonly DiagnosticDescriptor OutputPathHasProject = new("QB0015", Severity.Error,
        "QuantOutputPath is '{0}', which has the project in it",
        "`QuantClean` removes the folder `QuantOutputPath` with all that is in it. This one is the folder of the project, or one above it.",
        "Name a folder of its own, such as `quant/`.");

    /// <summary>QB0016: two models of one name beside an app.</summary>
    public static readonly DiagnosticDescriptor ModelsOfOneNameBesideApp = new("QB0016", Severity.Error,
        "Two different models would be the folder artifact/{0} beside this app: {1}",
        "The app uses two libraries, projects or packages, that each have a model of this name beside it. One would overwrite the "
            + "other, and its library could not open it.",
        "Give one of them another `LogicalName` in the project that builds it, or embed one.");

    /// <summary>QB0020: nothing to run the worker with. Reported by the MSBuild task.</summary>
    public static readonly DiagnosticDescriptor HostMissing = new("QB0020", Severity.Error,
        "There is no program 'dotnet' to run the quantizer with: neither DOTNET_HOST_PATH nor an absolute entry of PATH leads to one",
        "The build runs in another program than dotnet, and the .NET SDK is not on the PATH. Relative entries of the PATH are passed "
            + "over: what is in the current folder is never run.",
        "Add the folder of dotnet to the PATH, as an absolute path, or set DOTNET_HOST_PATH to its executable.");

    /// <summary>QB0021: nobody takes what the command says.</summary>
    public static readonly DiagnosticDescriptor OutputLost = new("QB0021", Severity.Error,
        "{0} could not be written, and what the command said there is lost: {1}",
        "The reader of a pipe has ended (`| head`), the disk that a redirected stream goes to is full, or the stream was closed. The "
            + "work itself was done to its end.",
        "Redirect to a file on a disk with space, or let the reader read on; ask for less with the command's options.");

    /// <summary>QB9001: a bug.</summary>
    public static readonly DiagnosticDescriptor InternalError = new("QB9001", Severity.Error,
        "Internal error: {0}",
        "A bug in QuantBuild: a state that the program holds to be impossible.",
        "Report the stack trace, which is on standard error, together with the manifest.");

    /// <summary>A layer name that the plan does not have.</summary>
    public static readonly DiagnosticDescriptor UnknownLayer = new("QB0201", Severity.Error,
        "The plan has no layer '{0}'",
        "The name is not one of the quantizable layers of either expert.",
        "Use a full name such as blocks.3.ffn.2; `quantbuild plan` lists them.");
}
