using System.Text.Json.Serialization;

namespace QuantBuild.Formats;

/// <summary>How a value exactly between two E2M1 values rounds.</summary>
internal enum TieRule
{
    /// <summary>To the even code, as OCP hardware rounds.</summary>
    [JsonStringEnumMemberName("even")]
    Even,

    /// <summary>To the smaller magnitude, as the paper's published code rounds.</summary>
    [JsonStringEnumMemberName("zero")]
    Zero,
}
