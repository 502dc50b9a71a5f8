namespace QuantBuild.Compiler.Diagnostics;

internal static partial class Descriptors
{
    /// <summary>The store's folder cannot be created or opened.</summary>
    public static readonly DiagnosticDescriptor StoreUnavailable = new("QB4001", Severity.Error,
        "the store '{0}' cannot be opened: {1}",
        "A file stands where a folder of the store should be, a parent is missing or the file system refuses.",
        "Name another folder with --store or the environment variable QUANTBUILD_CACHE, or repair this one.");

    /// <summary>A file or folder is not ours to read or write.</summary>
    public static readonly DiagnosticDescriptor AccessDenied = new("QB4002", Severity.Error,
        "no permission for '{0}': {1}",
        "The file system is read-only, or the file belongs to somebody else.",
        "Give yourself permission, or name another folder.");

    /// <summary>The disk, or the user's share of it, is full.</summary>
    public static readonly DiagnosticDescriptor DiskFull = new("QB4003", Severity.Error,
        "no space left to write '{0}' ({1} free on its file system)",
        "The file system or the user's quota is full. What was finished before stays and is used by the next build.",
        "Free some space (quantbuild cache prune --max-size …) and build again.");

    /// <summary>The store was written by a newer tool.</summary>
    public static readonly DiagnosticDescriptor StoreTooNew = new("QB4004", Severity.Error,
        "the store '{0}' has format {1}, but this tool knows formats up to {2}",
        "A newer version of QuantBuild has used this folder.",
        "Update the tool, or name another folder with --store or QUANTBUILD_CACHE.");

    /// <summary>The folder named as a store holds something else.</summary>
    public static readonly DiagnosticDescriptor StoreForeign = new("QB4005", Severity.Error,
        "'{0}' is not empty and is not a QuantBuild store: it contains '{1}'",
        "The folder named as the store holds other files; cleaning the cache could delete them.",
        "Name an empty or a new folder.");

    /// <summary>Any other failure to read or write.</summary>
    public static readonly DiagnosticDescriptor FileFailure = new("QB4006", Severity.Error,
        "reading or writing '{0}' failed: {1}",
        "The operating system reported an error: a bad disk, a lost network share, too many open files.",
        "See the operating system's message.");

    /// <summary>An input changed while it was hashed.</summary>
    public static readonly DiagnosticDescriptor InputChanged = new("QB4007", Severity.Error,
        "'{0}' changed while it was being read",
        "Something writes to the file during the build, such as a download that is still running.",
        "Wait until the file is complete and build again.");

    /// <summary>A blob that this build found or wrote is gone.</summary>
    public static readonly DiagnosticDescriptor BlobLost = new("QB4008", Severity.Error,
        "the blob {0} is missing from the store '{1}', or was damaged and has been removed",
        "Somebody deleted or changed files of the store during the build.",
        "Build again: what is missing is made again.");

    /// <summary>A file of the store is gone.</summary>
    public static readonly DiagnosticDescriptor StoreVanished = new("QB4060", Severity.Error,
        "'{0}' disappeared from the store while it was used",
        "Somebody deleted files of the store, or the whole store, again and again during the build.",
        "Build again when that has ended: what is missing is made again.");

    /// <summary>A build goes on after it lost what it had made.</summary>
    public static readonly DiagnosticDescriptor StoreContentLost = new("QB4061", Severity.Warning,
        "{0}; what is missing is made again",
        "Somebody deleted or changed files of the store during the build, or the disk did.",
        "Nothing, if you deleted the store. Else look after the disk.");

    /// <summary>Files of the download cache were damaged.</summary>
    public static readonly DiagnosticDescriptor CacheDamaged = new("QB4063", Severity.Warning,
        "{0} in the download cache was damaged and has been removed; it is fetched again",
        "Somebody wrote into the cache of the Hub, or the disk did.",
        "Nothing, if it happens once. Else look after the disk.");

    /// <summary>Another process keeps this one waiting.</summary>
    public static readonly DiagnosticDescriptor StoreWaiting = new("QB4062", Severity.Warning,
        "waiting for {0} s now for {1}, which is held by {2}",
        "Another process works on the same thing, or was stopped while it did.",
        "Let the other process go on (kill -CONT), or end it: what it holds is free then.");

    /// <summary>The output folder cannot be written.</summary>
    public static readonly DiagnosticDescriptor OutputNotWritable = new("QB4010", Severity.Error,
        "the output folder '{0}' cannot be written: {1}",
        "A file stands where a folder should be, or a folder where a file should be.",
        "Move it away, or name another output folder.");

    /// <summary>A file of the artifact is not what its descriptor says.</summary>
    public static readonly DiagnosticDescriptor ArtifactDamaged = new("QB4011", Severity.Error,
        "'{0}' is not the file its artifact.json describes: {1}",
        "The file was changed, cut off or replaced after the build.",
        "Build again: damaged files are replaced.");

    /// <summary>The artifact's descriptor is missing or unreadable.</summary>
    public static readonly DiagnosticDescriptor ArtifactUnreadable = new("QB4012", Severity.Error,
        "'{0}' holds no complete artifact: {1}",
        "The build was interrupted, is still running, or artifact.json was deleted or edited.",
        "Build again.");

    /// <summary>A result in the store has another form than its stage writes.</summary>
    public static readonly DiagnosticDescriptor StoredValueInvalid = new("QB4070", Severity.Error,
        "the result {0} in the store is not what its stage writes: {1}",
        "The store's record of an action names a blob that another program wrote; its digest is right, its content is not a result.",
        "Remove the store's results with `quantbuild cache clear` and build again. Share a store only with those who may decide what "
            + "your builds are made of.");

    /// <summary>The lock file differs in locked mode.</summary>
    public static readonly DiagnosticDescriptor LockFileChanged = new("QB4020", Severity.Error,
        "the lock file is out of date: {0}",
        "The build runs in locked mode and its result differs from the lock file that was committed.",
        "Build without locked mode (`dotnet build -p:QuantLockedMode=false`, or `quantbuild build` without `--locked`), look at the "
            + "difference and commit the new lock file.");

    /// <summary>There is no lock file in locked mode.</summary>
    public static readonly DiagnosticDescriptor LockFileMissing = new("QB4021", Severity.Error,
        "there is no lock file to compare with",
        "The build runs in locked mode, which continuous integration does by itself (`QuantLockedMode`), but no lock file was committed "
            + "beside the manifest, or the build cannot see it.",
        "Build once on your machine, `dotnet build -p:QuantLockedMode=false` or `quantbuild build` without `--locked`, and commit "
            + "`<name>.quant.lock.json`, which it writes beside the manifest; look whether `.gitignore` or `.dockerignore` leaves it out.");

    /// <summary>The lock file cannot be understood.</summary>
    public static readonly DiagnosticDescriptor LockFileInvalid = new("QB4022", Severity.Error,
        "the lock file cannot be read: {0}",
        "It was edited by hand, holds merge conflict markers, or another version of the tool wrote it.",
        "Delete it and build without --locked.");

    /// <summary>QB4023: nothing to compare.</summary>
    public static readonly DiagnosticDescriptor NothingToCompare = new("QB4023", Severity.Error,
        "There is no lock file to compare",
        "`quantbuild diff` was given a path that is neither an artifact's folder nor a lock file, or a manifest that was never built.",
        "Name an artifact's folder, a lock file, or a manifest with a lock file beside it.");

    /// <summary>QB4024: no two builds to compare.</summary>
    public static readonly DiagnosticDescriptor NoTwoBuilds = new("QB4024", Severity.Error,
        "The store {0} remembers no two different builds of this manifest",
        "Builds are remembered by the manifest's path, two of them at most, in the store that they used.",
        "Build once more after a change, with the same --store; or compare two artifacts or lock files: `quantbuild diff <before> <after>`.");

    /// <summary>The address of a remote store is none.</summary>
    public static readonly DiagnosticDescriptor RemoteInvalid = new("QB4090", Severity.Error,
        "'{0}' cannot be a remote store: {1}",
        "`--remote`, the variable QUANTBUILD_REMOTE or the property QuantRemoteStore names something that is not the address of a store.",
        "Name a folder that others share, such as file:///mnt/team/quantbuild, a server of Bazel's HTTP cache, such as "
            + "https://cache.example.com/quantbuild, s3://bucket/prefix, azblob://account/container/prefix, or none.");

    /// <summary>A remote store failed once.</summary>
    public static readonly DiagnosticDescriptor RemoteFailed = new("QB4091", Severity.Warning,
        "the remote store {0} failed: {1}",
        "A share is not mounted, there is no permission, or the connection broke off. What it could not give is made here.",
        "See the message. A build loses 30 s to a remote store at most and never fails for it.");

    /// <summary>A remote store is asked no more.</summary>
    public static readonly DiagnosticDescriptor RemoteLeftOut = new("QB4092", Severity.Warning,
        "the remote store {0} is left out for the rest of this build: {1}",
        "It failed or was slow so often that the build lost the 30 s that it gives a remote store.",
        "Look after the store or the connection; or build without it: `--remote \"\"`.");

    /// <summary>A result in a remote store cannot be used.</summary>
    public static readonly DiagnosticDescriptor RemoteResultUnusable = new("QB4093", Severity.Warning,
        "the remote store {0} has a result, {1}, that is not used: {2}",
        "Somebody, a rule that deletes old files, or a broken transfer removed or changed files of the remote store. Every blob is hashed "
            + "when it arrives; the result is made here and written there again.",
        "Nothing, if it happens once. Else look after the store.");

    /// <summary>The same, in one line for many.</summary>
    public static readonly DiagnosticDescriptor RemoteResultsUnusable = new("QB4094", Severity.Warning,
        "the remote store {0} has {1} more results that are not used",
        "As for QB4093, of which the first three are told one by one.",
        "Look after the store.");

    /// <summary>Results did not reach a remote store.</summary>
    public static readonly DiagnosticDescriptor RemoteIncomplete = new("QB4095", Severity.Warning,
        "{1} results were not written to the remote store {0}",
        "It failed, or took results more slowly than the build made them. They are in the store of this machine.",
        "Nothing for this build. Others make these results again.");

    /// <summary>Credentials for a remote store that are none.</summary>
    public static readonly DiagnosticDescriptor RemoteCredentialsInvalid = new("QB4096", Severity.Error,
        "the credentials for the remote store {0} cannot be used: {1}",
        "QUANTBUILD_REMOTE_AUTHORIZATION has the value of the header Authorization, and what it is set to is no such value. It is not "
            + "shown because it may be a secret.",
        "Set it to 'Bearer' and a token, or to 'Basic' and the base64 of name:password; or remove it and use a netrc file.");

    /// <summary>A remote store that was required was not all there.</summary>
    public static readonly DiagnosticDescriptor RemoteRequired = new("QB4097", Severity.Error,
        "what was done did not all go through the remote store: {0}",
        "`--remote-required` asks for it, and so does `work`, whose parts are joined by the remote store. What was made is in the store of "
            + "this machine.",
        "Look after the remote store and do the same again: what is in the store of this machine is then written there.");
}
