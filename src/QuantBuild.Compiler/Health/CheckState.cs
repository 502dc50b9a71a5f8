namespace QuantBuild.Compiler.Health;

/// <summary>What a check of the machine found.</summary>
internal enum CheckState
{
    /// <summary>All is as it should be.</summary>
    Good,

    /// <summary>Something costs time or is not possible; builds work.</summary>
    Note,

    /// <summary>Builds do not work.</summary>
    Problem,
}
