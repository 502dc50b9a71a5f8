namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB03: new model projects.</content>
internal static partial class Descriptors
{
    /// <summary>QB0301: files that are there already.</summary>
    public static readonly DiagnosticDescriptor ProjectExists = new("QB0301", Severity.Error,
        "The folder '{0}' already has {1}; nothing was written",
        "`quantbuild init` would replace files that somebody wrote.",
        "Name another folder, or add `--force` to replace them.");

    /// <summary>QB0302: a name that a project cannot have.</summary>
    public static readonly DiagnosticDescriptor ProjectName = new("QB0302", Severity.Error,
        "'{0}' cannot be the name of a model project: letters, digits, '.', '_' and '-' make it, with a letter, digit or '_' at both ends",
        "The folder's name, or the one given, becomes the name of files, of the model and of its class.",
        "Give the project a name with `--name`.");

    /// <summary>QB0303: nothing to make a project of.</summary>
    public static readonly DiagnosticDescriptor ProjectSource = new("QB0303", Severity.Error,
        "There is no checkpoint in '{0}': {1}",
        "`quantbuild init` reads the headers of a checkpoint to write a manifest for it: the folder that holds `high_noise_model` and "
            + "`low_noise_model`, or `transformer` and `transformer_2`, or one file for each expert whose name says `high_noise` or "
            + "`low_noise`.",
        "Name the checkpoint's folder itself, not the folder of one expert.");
}
