namespace QuantBuild.Compiler.Store.Remote;

/// <summary>Whether a record from elsewhere can be taken into the store.</summary>
internal static class RecordCheck
{
    /// <summary>
    /// What is wrong with a record; null when nothing is. Names of outputs become names of files: one must not lead out of a folder.
    /// </summary>
    public static string? FaultOf(ActionRecord record)
    {
        foreach (string name in record.Outputs.Keys)
        {
            if (name.Split('/').Any(part => part is "" or "." or ".." || PortableName.FaultOf(part) is not null))
                return "an output has a name that is no relative path";
        }
        return null;
    }
}
