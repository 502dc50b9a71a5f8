namespace QuantBuild.Models.Wan;

/// <summary>A configuration is that of a model of the Wan family that is not supported.</summary>
/// <param name="model">The model.</param>
internal sealed class OtherModelException(string model) : Exception(
    $"it is the configuration of {model}; of the Wan family Wan2.2-I2V-A14B and Wan2.2-T2V-A14B are supported")
{
    /// <summary>The model.</summary>
    public string Model => model;
}
