namespace QuantBuild.Compiler.Compute;

/// <summary>What a backend other than the processor's own kernels computes on.</summary>
/// <param name="Library">Its library, with version and place.</param>
/// <param name="Device">The device, for people.</param>
/// <param name="Profile">The name of its arithmetic for the model.</param>
/// <param name="Products">How fast it multiplies; null when it was not measured.</param>
internal sealed record BackendReport(string Library, string Device, string Profile, ProductSeconds? Products);

/// <summary>Seconds per multiply-add of large matrix products, by the clock and with the whole device.</summary>
/// <param name="Model">In the element type of the model.</param>
/// <param name="Layers">In that of layers.</param>
internal sealed record ProductSeconds(double Model, double Layers);
