namespace QuantBuild.Compiler.Actions;

/// <summary>How an action ended.</summary>
internal enum ActionOutcome
{
    /// <summary>Its result was in the store.</summary>
    Cached,

    /// <summary>It was executed.</summary>
    Ran,

    /// <summary>It would have to be executed (planning only).</summary>
    Missing,
}
