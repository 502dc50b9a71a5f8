namespace QuantBuild.Compiler.Hub;

/// <summary>What a push does with a file.</summary>
internal enum UploadState
{
    /// <summary>The branch has no such file.</summary>
    New,

    /// <summary>The branch has another content at this path.</summary>
    Changed,

    /// <summary>The branch has this very content; nothing is sent.</summary>
    Unchanged,

    /// <summary>The repository's .gitignore keeps it out; nothing is sent.</summary>
    Ignored,
}
