namespace QuantBuild.Models.Wan;

/// <summary>Sees what the layers of a block read during a forward pass.</summary>
public interface ISiteObserver
{
    /// <summary>Called with a site's input before its layers read it, in forward order.</summary>
    /// <param name="block">Index of the block.</param>
    /// <param name="site">The site.</param>
    /// <param name="input">What can be asked of it; valid only during the call.</param>
    void Observe(int block, WanSite site, SiteInput input);

    /// <summary>Called with the residual stream after a block; does nothing unless implemented.</summary>
    /// <param name="block">Index of the block.</param>
    /// <param name="residual">Of the model's width; valid only during the call.</param>
    void ObserveResidual(int block, SiteInput residual)
    {
    }
}
