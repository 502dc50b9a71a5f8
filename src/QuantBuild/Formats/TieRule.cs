namespace QuantBuild.Formats;

/// <summary>How a value exactly between two E2M1 values rounds.</summary>
internal enum TieRule
{
    /// <summary>To the even code, as OCP hardware rounds.</summary>
    Even,

    /// <summary>To the smaller magnitude, as the paper's published code rounds.</summary>
    Zero,
}
