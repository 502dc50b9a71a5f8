namespace QuantBuild.Compiler.Diagnostics;

/// <content>QB5: the Hub. QB500x token and rights, QB501x connection and protocol, QB502x repositories and uploads, QB503x
/// downloads.</content>
internal static partial class Descriptors
{
    /// <summary>QB5001: the Hub does not know the token.</summary>
    public static readonly DiagnosticDescriptor HubTokenRejected = new("QB5001", Severity.Error,
        "the Hub does not accept the token: {0} (request {1})",
        "The token was revoked, has expired, or was copied incompletely.",
        "Make a new token in the account's settings and put it into HF_TOKEN, or log in again.");

    /// <summary>QB5002: no token, but one is needed.</summary>
    public static readonly DiagnosticDescriptor HubTokenMissing = new("QB5002", Severity.Error,
        "no Hub token was found, and {0} needs one",
        "HF_TOKEN is not set, and there is no token file.",
        "Set HF_TOKEN, or HF_OIDC_RESOURCE in CI, or write the token into the file that HF_TOKEN_PATH names.");

    /// <summary>QB5003: the token's rights do not suffice.</summary>
    public static readonly DiagnosticDescriptor HubForbidden = new("QB5003", Severity.Error,
        "the Hub refuses {0}: {1} (request {2})",
        "The token is valid but has no right to do this in this repository or organization.",
        "Use a token with write access to the repository's owner, or push as a pull request.");

    /// <summary>QB5004: the model's owner must first grant access.</summary>
    public static readonly DiagnosticDescriptor HubGated = new("QB5004", Severity.Error,
        "access to '{0}' must be granted first: {1} (request {2})",
        "The repository is gated: its owner asks users to accept conditions.",
        "Open the repository's page, accept its conditions with the account of the token, and try again.");

    /// <summary>QB5005: trusted publishing failed.</summary>
    public static readonly DiagnosticDescriptor HubExchangeFailed = new("QB5005", Severity.Error,
        "the identity of this CI job was not exchanged for a Hub token: {0}",
        "HF_OIDC_RESOURCE is set, but the job has no identity token, or the repository has no trusted publisher for it.",
        "On GitHub give the job `permissions: id-token: write`, and register the workflow as a trusted publisher of the repository.");

    /// <summary>QB5006: the endpoint cannot be used.</summary>
    public static readonly DiagnosticDescriptor HubEndpointInvalid = new("QB5006", Severity.Error,
        "'{0}' cannot be the Hub's endpoint: {1}",
        "HF_ENDPOINT is not an address, or would send the token unencrypted.",
        "Give an https address without user name, query and fragment.");

    /// <summary>QB5007: text that cannot be a token.</summary>
    public static readonly DiagnosticDescriptor HubTokenMalformed = new("QB5007", Severity.Error,
        "what {0} has cannot be a Hub token",
        "A token is one word of plain letters and digits; a space, a line break or another character came along when it was copied.",
        "Copy the token again, or unset the variable or delete the file to go without.");

    /// <summary>QB5010: no connection.</summary>
    public static readonly DiagnosticDescriptor HubUnreachable = new("QB5010", Severity.Error,
        "{0} failed: no answer from {1} after {2} tries: {3}",
        "The network, a proxy or the server broke the connection again and again.",
        "Check the network and HF_ENDPOINT; what was transferred is kept, and the next run goes on from there.");

    /// <summary>QB5011: the server fails.</summary>
    public static readonly DiagnosticDescriptor HubServerFailed = new("QB5011", Severity.Error,
        "{0} failed: the server answers {1}: {2} (request {3})",
        "The Hub or its storage has a fault of its own.",
        "Try again later; what was transferred is kept. If it lasts, report the request id to the Hub.");

    /// <summary>QB5012: too many requests.</summary>
    public static readonly DiagnosticDescriptor HubRateLimited = new("QB5012", Severity.Error,
        "{0} failed: the Hub's rate limit is reached, and waiting did not help: {1} (request {2})",
        "Too many requests in five minutes from this account or address.",
        "Wait a few minutes; a token raises the limit.");

    /// <summary>QB5013: an answer that is not what the protocol says.</summary>
    public static readonly DiagnosticDescriptor HubAnswerInvalid = new("QB5013", Severity.Error,
        "{0}: the answer is not what the protocol says: {1} (request {2})",
        "Something between here and the Hub changed the answer, or the endpoint is not a Hub.",
        "Check HF_ENDPOINT and the proxy.");

    /// <summary>QB5014: a redirect that is not followed.</summary>
    public static readonly DiagnosticDescriptor HubRedirectRefused = new("QB5014", Severity.Error,
        "{0}: a redirect to {1} is not followed: {2}",
        "The server sends requests in circles, from https to http, or away from its own address where that is not expected.",
        "Check HF_ENDPOINT and the proxy.");

    /// <summary>QB5015: any other refusal.</summary>
    public static readonly DiagnosticDescriptor HubRefused = new("QB5015", Severity.Error,
        "the Hub refuses {0} with {1}: {2} (request {3})",
        "The request is not acceptable to the Hub; its message says why.",
        "Correct what the message names.");

    /// <summary>QB5020: a repository's name breaks the rules.</summary>
    public static readonly DiagnosticDescriptor HubNameInvalid = new("QB5020", Severity.Error,
        "'{0}' is not the name of a repository: {1}",
        "Names are `owner/name`; each part has 1 to 96 letters, digits, '-', '_' and '.', neither '--' nor '..', and does not end with "
            + "'.git'.",
        "Correct the name; a revision follows after '@'.");

    /// <summary>QB5021: no such repository.</summary>
    public static readonly DiagnosticDescriptor HubRepositoryNotFound = new("QB5021", Severity.Error,
        "the repository '{0}' does not exist, or the token may not see it (request {1})",
        "The name is misspelled, the repository is private, or no token was found.",
        "Check the name and the token, or create the repository first.");

    /// <summary>QB5022: no such branch, tag or commit.</summary>
    public static readonly DiagnosticDescriptor HubRevisionNotFound = new("QB5022", Severity.Error,
        "'{0}' has no revision '{1}' (request {2})",
        "The branch, tag or commit was misspelled or deleted.",
        "Use a revision that the repository has, such as main.");

    /// <summary>QB5023: no such file.</summary>
    public static readonly DiagnosticDescriptor HubFileNotFound = new("QB5023", Severity.Error,
        "'{0}' has no file '{1}' (request {2})",
        "The repository does not have the file in this revision.",
        "Use another revision or file.");

    /// <summary>QB5024: the branch moved.</summary>
    public static readonly DiagnosticDescriptor HubBranchMoved = new("QB5024", Severity.Error,
        "'{0}' of '{1}' has moved since the push began: {2}",
        "Somebody else committed to the branch in the meantime; nothing of theirs was overwritten.",
        "Look at the new commit and push again: files that are there already are not sent twice.");

    /// <summary>QB5025: too large, or no room.</summary>
    public static readonly DiagnosticDescriptor HubTooLarge = new("QB5025", Severity.Error,
        "the Hub does not take '{0}': {1} (request {2})",
        "The file is larger than the Hub allows, or the account's storage is used up.",
        "Choose a smaller `output.shardSize`, free storage, or ask the Hub for more.");

    /// <summary>QB5026: a name that already means something else.</summary>
    public static readonly DiagnosticDescriptor HubNameTaken = new("QB5026", Severity.Error,
        "'{0}' already exists in '{1}' and points to commit {2}",
        "A tag or branch of this name was made before, for another commit. It is never moved silently.",
        "Choose another name, or delete the old one.");

    /// <summary>QB5027: a path that repositories do not allow.</summary>
    public static readonly DiagnosticDescriptor HubPathInvalid = new("QB5027", Severity.Error,
        "'{0}' cannot be a path in a repository: {1}",
        "Paths are relative, with forward slashes, without '.' and '..', outside .git and .cache, and of names that Windows can have, too.",
        "Rename the file.");

    /// <summary>QB5028: it is not known whether a commit was made.</summary>
    public static readonly DiagnosticDescriptor HubCommitUnclear = new("QB5028", Severity.Error,
        "the answer to the commit in '{0}' was lost, and whether it was made is not clear: {1}",
        "The connection broke after the commit was sent.",
        "Look at the repository's page; push again if the commit or pull request is not there.");

    /// <summary>QB5029: after the commit the repository holds something else.</summary>
    public static readonly DiagnosticDescriptor HubContentDiffers = new("QB5029", Severity.Error,
        "after the push '{0}' in '{1}' is not the file that was sent: {2}",
        "The server confirmed an upload whose content it does not have.",
        "Push again; if it stays so, report it to the Hub. Do not use the revision.");

    /// <summary>QB5030: another process is sending the same file.</summary>
    public static readonly DiagnosticDescriptor HubUploadBusy = new("QB5030", Severity.Error,
        "another push is sending '{0}' to '{1}' right now",
        "Two pushes of one file at once would send it twice.",
        "Wait for the other push, then push again: it will find the file there.");

    /// <summary>QB5031: what was downloaded is not what was asked for.</summary>
    public static readonly DiagnosticDescriptor HubDigestMismatch = new("QB5031", Severity.Error,
        "'{0}' of '{1}' arrived damaged: {2}",
        "A proxy or the server changed or cut off the content; it was thrown away.",
        "Try again; if it stays so, avoid the proxy.");

    /// <summary>QB5032: the download cache is not safe to use.</summary>
    public static readonly DiagnosticDescriptor HubCacheUnsafe = new("QB5032", Severity.Error,
        "'{0}' of the download cache leads outside of it",
        "A link in the cache points to a place that the cache does not own.",
        "Delete the link; the file is downloaded again.");

    /// <summary>QB5033: offline, and not in the cache.</summary>
    public static readonly DiagnosticDescriptor HubOffline = new("QB5033", Severity.Error,
        "'{0}' is not in the download cache, and HF_HUB_OFFLINE forbids to fetch it",
        "The machine is set to work without the Hub.",
        "Unset HF_HUB_OFFLINE, or copy the cache from another machine.");

    /// <summary>QB5050: a model card that cannot be updated.</summary>
    public static readonly DiagnosticDescriptor ModelCardInvalid = new("QB5050", Severity.Error,
        "the model card cannot be updated: {0}",
        "The README.md in the repository has front matter, or marks of the generated section, that cannot be understood; nothing was "
            + "changed.",
        "Correct the README.md in the repository.");

    /// <summary>QB5051: the lock is another build's.</summary>
    public static readonly DiagnosticDescriptor PushLockDiffers = new("QB5051", Severity.Error,
        "the artifact is not the one of the lock file: {0}",
        "The lock file or the artifact was built from other inputs, or one of them was not committed or copied.",
        "Build again, and push the artifact together with the lock of the same build.");

    /// <summary>QB5052: the Hub does not accept the card.</summary>
    public static readonly DiagnosticDescriptor ModelCardRefused = new("QB5052", Severity.Error,
        "the Hub does not accept the model card: {0}",
        "A value of its front matter, such as the licence, is not one that the Hub knows.",
        "Correct the value that the message names.");

    /// <summary>QB5070: the output folder holds files that no artifact wrote.</summary>
    public static readonly DiagnosticDescriptor OutputOccupied = new("QB5070", Severity.Error,
        "'{0}' has files that no artifact wrote: {1}",
        "An artifact goes into an empty folder or into that of an earlier artifact, so that nothing else is overwritten, and nothing "
            + "else is taken for a part of it.",
        "Name another folder, or move the files away; --force (in a build, -p:QuantForce=true) overwrites those that have a name of the "
            + "artifact's, and leaves the others.");

    /// <summary>QB5071: the artifact lists a name that none can have.</summary>
    public static readonly DiagnosticDescriptor ArtifactNameRefused = new("QB5071", Severity.Error,
        "the artifact of '{0}' lists '{1}', which is no name of an artifact's file",
        "An artifact's files are weights (.safetensors) and JSON, each in a folder right below the artifact's. Whoever wrote this "
            + "artifact.json wants a file elsewhere.",
        "Do not use this artifact; tell its publisher.");

    /// <summary>QB5060: the published artifact cannot be used.</summary>
    public static readonly DiagnosticDescriptor PublishedUnusable = new("QB5060", Severity.Warning,
        "the build computes, because '{0}' cannot stand in for it: {1}",
        "The manifest names a repository to take the artifact from, but it has another one, or it cannot be reached.",
        "Nothing needs to be done. Publish this build with its lock to spare others the work, or remove `output.from`.");
}
