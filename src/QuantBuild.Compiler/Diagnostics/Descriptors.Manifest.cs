namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB1: the manifest. QB100x the file, QB101x keys and values, QB102x bins, QB103x overrides and gates, QB104x against the
/// checkpoint.</content>
internal static partial class Descriptors
{
    /// <summary>QB1001: there is no such file.</summary>
    public static readonly DiagnosticDescriptor ManifestNotFound = new("QB1001", Severity.Error,
        "The manifest does not exist",
        "The path does not lead to a file.",
        "Check the path; a relative path starts at the current folder.");

    /// <summary>QB1002: the file cannot be read.</summary>
    public static readonly DiagnosticDescriptor ManifestUnreadable = new("QB1002", Severity.Error,
        "The manifest cannot be read: {0}",
        "The path is a folder, the rights do not allow reading, or the disk reports an error.",
        "Make the file readable to the user who builds.");

    /// <summary>QB1003: the file is too large.</summary>
    public static readonly DiagnosticDescriptor ManifestTooLarge = new("QB1003", Severity.Error,
        "The manifest is larger than {0} MiB",
        "The file is far larger than any manifest; most likely the path leads to something else.",
        "Check the path.");

    /// <summary>QB1004: the file is not UTF-8.</summary>
    public static readonly DiagnosticDescriptor ManifestNotUtf8 = new("QB1004", Severity.Error,
        "The manifest is not valid UTF-8 from here on",
        "The file was saved in another encoding, such as UTF-16 or Latin-1, or is damaged.",
        "Save the file as UTF-8; a byte order mark is allowed.");

    /// <summary>QB1005: not JSON.</summary>
    public static readonly DiagnosticDescriptor SyntaxError = new("QB1005", Severity.Error,
        "Syntax error: {0}",
        "The text is not JSON. Comments and trailing commas are allowed, everything else is as JSON says.",
        "Correct the text at the place given; other errors are reported once the file can be parsed.");

    /// <summary>QB1006: the file changed while a command that edits it was at work.</summary>
    public static readonly DiagnosticDescriptor ManifestChanged = new("QB1006", Severity.Error,
        "The manifest was changed while the command was at work; nothing was written",
        "An editor or another command saved the manifest after it was read, and writing now would undo that.",
        "Run the command again.");

    /// <summary>QB1010: a required key is missing.</summary>
    public static readonly DiagnosticDescriptor MissingKey = new("QB1010", Severity.Error,
        "The key '{0}' is missing",
        "A key that has no default is not there.",
        "Add the key; docs/manifest.md describes it.");

    /// <summary>QB1011: an unknown key.</summary>
    public static readonly DiagnosticDescriptor UnknownKey = new("QB1011", Severity.Error,
        "Unknown key '{0}'; {1}",
        "A key is misspelled or stands in the wrong section. Unknown keys are refused, because a setting that is silently ignored ruins "
            + "a long build.",
        "Use the suggested key, or remove it. Keys are case-sensitive.");

    /// <summary>QB1012: a key occurs twice.</summary>
    public static readonly DiagnosticDescriptor DuplicateKey = new("QB1012", Severity.Error,
        "The key '{0}' was already given in line {1}",
        "One object has the same key twice, and readers of JSON disagree about which one counts.",
        "Remove one of the two.");

    /// <summary>QB1013: a value of the wrong type.</summary>
    public static readonly DiagnosticDescriptor WrongType = new("QB1013", Severity.Error,
        "'{0}' must be {1}, not {2}",
        "The value has another JSON type than the key takes.",
        "Write a value of the type named; docs/manifest.md has an example of every key.");

    /// <summary>QB1014: a number out of range.</summary>
    public static readonly DiagnosticDescriptor OutOfRange = new("QB1014", Severity.Error,
        "'{0}' is {1}, but must be {2}",
        "The number lies outside the range in which the setting has a meaning.",
        "Choose a value within the range named.");

    /// <summary>QB1015: not one of the values of an enumeration.</summary>
    public static readonly DiagnosticDescriptor UnknownValue = new("QB1015", Severity.Error,
        "'{0}' is '{1}'; {2}",
        "The key takes one of a few fixed texts, and this is none of them.",
        "Use one of the values listed. Values are case-sensitive.");

    /// <summary>QB1016: an empty list.</summary>
    public static readonly DiagnosticDescriptor EmptyList = new("QB1016", Severity.Error,
        "The list '{0}' is empty",
        "A list that needs at least one entry has none.",
        "Add an entry, or remove the key to get its default.");

    /// <summary>QB1017: a list that is not strictly ascending.</summary>
    public static readonly DiagnosticDescriptor NotAscending = new("QB1017", Severity.Error,
        "'{0}' must ascend without repetition, but {1} follows {2}",
        "Candidates are searched in ascending order, and a repeated one would be searched twice.",
        "Sort the list and remove repetitions.");

    /// <summary>QB1018: an entry occurs twice in a list.</summary>
    public static readonly DiagnosticDescriptor RepeatedEntry = new("QB1018", Severity.Error,
        "'{0}' lists '{1}' twice",
        "An entry of a list is repeated.",
        "Remove one of the two.");

    /// <summary>QB1019: a text that does not have the form it needs.</summary>
    public static readonly DiagnosticDescriptor InvalidText = new("QB1019", Severity.Error,
        "'{0}' is '{1}': {2}",
        "A name, path or size does not have the form that its key needs.",
        "Write it in the form named.");

    /// <summary>QB1020: an expert that does not exist.</summary>
    public static readonly DiagnosticDescriptor UnknownExpert = new("QB1020", Severity.Error,
        "There is no expert '{0}'; {1}",
        "Wan2.2 has exactly two experts, high_noise and low_noise.",
        "Use one of the two names.");

    /// <summary>QB1021: a bin that cannot be read.</summary>
    public static readonly DiagnosticDescriptor BinSyntax = new("QB1021", Severity.Error,
        "'{0}' is not a bin: {1}",
        "A bin is a text \"name:from-to\" with fractions from 0 to 1, or an object with a name and either \"from\" and \"to\" or "
            + "\"timesteps\".",
        "Write it as in \"early:0-0.33\", { \"name\": \"early\", \"from\": 0, \"to\": 0.33 } or { \"name\": \"early\", \"timesteps\": "
            + "[999, 950] }.");

    /// <summary>QB1022: two bins of one name.</summary>
    public static readonly DiagnosticDescriptor BinNameRepeated = new("QB1022", Severity.Error,
        "The expert has another bin named '{0}' in line {1}",
        "Bins are told apart by their names, in reports and in the artifact.",
        "Rename one of the two.");

    /// <summary>QB1023: fractions and timesteps in one expert.</summary>
    public static readonly DiagnosticDescriptor BinsMixed = new("QB1023", Severity.Error,
        "Bin '{0}' is given by {1}, the first bin of the expert by {2}",
        "Whether bins of both kinds cover the expert's range cannot be told before the schedule is known.",
        "Give all bins of an expert either as fractions or as timesteps.");

    /// <summary>QB1024: overlapping bins.</summary>
    public static readonly DiagnosticDescriptor BinsOverlap = new("QB1024", Severity.Error,
        "Bin '{0}' starts at {1}, before bin '{2}' ends at {3}",
        "Two bins claim the same timesteps, or bins are not listed from high noise to low noise.",
        "Start every bin where the one before it ends: fractions ascend, timesteps descend.");

    /// <summary>QB1025: a gap between bins.</summary>
    public static readonly DiagnosticDescriptor BinsGap = new("QB1025", Severity.Error,
        "No bin covers the range between the end of bin '{2}' at {3} and the start of bin '{0}' at {1}",
        "Timesteps without a bin would have no clip ratio.",
        "Start every bin where the one before it ends; timesteps are inclusive, so [999, 950] is followed by [949, …].");

    /// <summary>QB1026: bins that do not reach an end of the range.</summary>
    public static readonly DiagnosticDescriptor BinsNotCovering = new("QB1026", Severity.Error,
        "Bin '{0}' {1} at {2}, but the bins of the expert must {3} {4}",
        "Timesteps at one end of the expert's range have no bin.",
        "Extend the first bin to the start of the range (fraction 0, or the expert's highest timestep), or the last to its end "
            + "(fraction 1, or the lowest timestep).");

    /// <summary>QB1030: a pattern that cannot be read.</summary>
    public static readonly DiagnosticDescriptor PatternInvalid = new("QB1030", Severity.Error,
        "'{0}' is not a pattern of layer names: {1}",
        "A pattern is a layer name such as blocks.3.ffn.2, in which * stands for any characters and a whole part between dots may be a "
            + "range such as 3-5.",
        "Correct the pattern; `quantbuild plan` lists the names of all layers.");

    /// <summary>QB1031: an override that sets nothing.</summary>
    public static readonly DiagnosticDescriptor OverrideEmpty = new("QB1031", Severity.Error,
        "The override changes no setting",
        "An override has a pattern but no setting.",
        "Add a setting such as \"precision\": \"bf16\", or remove the override.");

    /// <summary>QB1032: an override that matches no layer.</summary>
    public static readonly DiagnosticDescriptor OverrideMatchesNothing = new("QB1032", Severity.Error,
        "The override '{0}' matches no layer of {1}; {2}",
        "The pattern fits no name of a quantizable layer of the experts it is for; most often a block number is too high or a part is "
            + "misspelled.",
        "Correct the pattern; `quantbuild plan` lists the names of all layers.");

    /// <summary>QB1033: an override that later ones undo.</summary>
    public static readonly DiagnosticDescriptor OverrideShadowed = new("QB1033", Severity.Error,
        "The override '{0}' has no effect: later overrides replace every one of its settings on every layer it matches ({1})",
        "Overrides apply in order and the last match wins, so a general override that follows a special one undoes it.",
        "Move the special override behind the general one, or remove it.");

    /// <summary>QB1034: settings that their layers do not use.</summary>
    public static readonly DiagnosticDescriptor OverrideWithoutUse = new("QB1034", Severity.Warning,
        "The override '{0}' changes only settings that its layers do not use",
        "The settings have no meaning for the layers: a bf16 layer uses none, a w4a16 layer none of `activations`, rtn neither `damp` "
            + "nor `blockSize`, unsmoothed layers no `alpha`, rank 0 neither `lowRank.method` nor `lowRank.accuracy`, the exact method "
                + "no `accuracy`.",
        "Remove the settings, or the other rule that makes them meaningless.");

    /// <summary>QB1035: a rule of the gates without a threshold.</summary>
    public static readonly DiagnosticDescriptor GateRuleEmpty = new("QB1035", Severity.Error,
        "The rule has no threshold; it needs at least one of {0}",
        "A rule of the gates says which layers it governs but not what they must keep to.",
        "Add a threshold, or remove the rule.");

    /// <summary>QB1036: a rule of the gates names a bin that is not there.</summary>
    public static readonly DiagnosticDescriptor GateBinUnknown = new("QB1036", Severity.Error,
        "No bin of the rule's experts is called '{0}'; {1}",
        "A bin is misspelled, or belongs to an expert that the rule's list of experts leaves out.",
        "Use the name of a bin of the manifest, or \"*\" for each bin by itself.");

    /// <summary>QB1037: a rule of the gates matches no layer.</summary>
    public static readonly DiagnosticDescriptor GateMatchesNothing = new("QB1037", Severity.Error,
        "The gate for '{0}' matches no layer of {1}; {2}",
        "The pattern of a gate's rule fits no layer of the checkpoint, so that nothing would ever be checked.",
        "Correct the pattern; `quantbuild plan` lists the names of all layers.");

    /// <summary>QB1038: a schedule is given twice.</summary>
    public static readonly DiagnosticDescriptor ScheduleTwice = new("QB1038", Severity.Error,
        "'{0}' and 'calibration.timesteps' exclude each other",
        "Explicit timesteps are the whole schedule; a number of steps and a shift would make another one.",
        "Remove one of the two.");

    /// <summary>QB1065: the change of experts is given twice.</summary>
    public static readonly DiagnosticDescriptor BoundaryTwice = new("QB1065", Severity.Error,
        "'model.boundary' and 'calibration.highNoiseSteps' exclude each other",
        "Both say where the high-noise expert ends: at a timestep, or after a number of steps.",
        "Remove one of the two.");

    /// <summary>QB1040: a bin without calibration steps.</summary>
    public static readonly DiagnosticDescriptor BinWithoutSteps = new("QB1040", Severity.Error,
        "No calibration step falls into bin '{0}' of {1}, which has {2} of the {3} steps",
        "The schedule has too few steps for the bins, so nothing can be measured in this one.",
        "Raise calibration.steps, or widen the bin.");

    /// <summary>QB1041: a bin with few tokens.</summary>
    public static readonly DiagnosticDescriptor BinWithFewTokens = new("QB1041", Severity.Warning,
        "Bin '{0}' of {1} is calibrated on at most {2} tokens, fewer than twice the {3} input channels of its widest layer; "
            + "tokensPerStep {4} would do",
        "With few tokens the ratio that the search finds may be luck.",
        "Raise calibration.tokensPerStep or calibration.samples, or merge bins.");

    /// <summary>QB1042: a layer whose width is no multiple of 32.</summary>
    public static readonly DiagnosticDescriptor GroupMisaligned = new("QB1042", Severity.Error,
        "Layer '{0}' of {1} has {2} input channels{3}; 4-bit layers need a multiple of 32",
        "MXFP4 shares one scale among 32 neighbouring input channels.",
        "Keep the layer unquantized with an override: \"precision\": \"bf16\".");

    /// <summary>QB1043: a rank above what the layer's shape allows.</summary>
    public static readonly DiagnosticDescriptor RankTooLarge = new("QB1043", Severity.Error,
        "Rank {0} is more than layer '{1}' of {2} can have{3}: its weight is {4} x {5}",
        "A matrix has no more singular values than its shorter side.",
        "Lower the rank, or exclude the small layers with an override.");

    /// <summary>QB1044: layers that share a smoothing vector disagree about it.</summary>
    public static readonly DiagnosticDescriptor SmoothDisagreement = new("QB1044", Severity.Error,
        "'{0}' and '{1}' of {2} read the same activation and share one smoothing vector, but their settings of '{3}' differ",
        "With \"share\": \"site\" the quantized layers that read one activation (q, k and v of self-attention; k and v of "
            + "cross-attention) are smoothed alike.",
        "Let the override match all layers of the site, or set \"share\": \"layer\" on all of them.");

    /// <summary>QB1045: a layout that has no place for what a recipe makes.</summary>
    public static readonly DiagnosticDescriptor LayoutCannotHold = new("QB1045", Severity.Error,
        "The layout '{0}' cannot hold {1}: {2}",
        "The format of another runtime has no place for it, and leaving it out would give a model that computes something else.",
        "Change the setting that the message names, for all layers it names, or write the layout native; docs/exports.md says what each "
            + "layout holds.");

    /// <summary>QB1046: half a patch.</summary>
    public static readonly DiagnosticDescriptor OddLatent = new("QB1046", Severity.Error,
        "'{0}' is {1}; it must be even",
        "The model sees latents in patches of two rows and two columns.",
        "Use an even number.");

    /// <summary>QB1055: a budget that not even rank 0 keeps to.</summary>
    public static readonly DiagnosticDescriptor RankBudgetTooSmall = new("QB1055", Severity.Error,
        "The budget of {0} bytes is too small for ranks to be chosen: without any low-rank branch its layers take {1} bytes",
        "4-bit weights, scales, smoothing vectors and clip tables take so much already.",
        "Raise lowRank.budget above what the message says, or leave it out: then the layers may take what they would with rank 16.");

    /// <summary>QB1050: more problems than are reported.</summary>
    public static readonly DiagnosticDescriptor ManifestProblemsOmitted = new("QB1050", Severity.Error,
        "The manifest has more problems; only the first {0} are reported",
        "A file with so many is most likely no manifest, or was damaged.",
        "Check that the right file was named; then mend what is reported and read it again.");
}
