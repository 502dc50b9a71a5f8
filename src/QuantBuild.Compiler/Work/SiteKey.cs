using System.Globalization;
using QuantBuild.Models.Wan;

namespace QuantBuild.Compiler.Work;

/// <summary>One site of one block.</summary>
/// <param name="Block">Index of the block.</param>
/// <param name="Site">The site.</param>
internal readonly record struct SiteKey(int Block, WanSite Site)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"blocks.{Block}.{WanLayers.NameOf(Site)}");
}
