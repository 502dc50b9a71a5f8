using System.Globalization;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>A value that has to be finite is NaN or infinite, or has another value that no correct input can give.</summary>
/// <remarks>The quantizers know no names of layers; the stage that calls them adds the name: <see cref="ToDiagnostic"/>.</remarks>
/// <param name="quantity">What the value belongs to: <see cref="Weight"/>, <see cref="Activation"/>, or a derived quantity.</param>
/// <param name="place">Position in the quantity, such as "row 3, channel 17".</param>
/// <param name="value">The value.</param>
internal sealed class NumericException(string quantity, string place, float value)
    : Exception(string.Create(CultureInfo.InvariantCulture, $"the {quantity} is {value} at {place}"))
{
    /// <summary>A weight as the checkpoint has it.</summary>
    public const string Weight = "weight";

    /// <summary>An activation as calibration recorded it.</summary>
    public const string Activation = "activation";

    /// <summary>The recorded maximum of a channel's activations.</summary>
    public const string ActivationAbsmax = "activation absmax";

    /// <summary>What the value belongs to.</summary>
    public string Quantity { get; } = quantity;

    /// <summary>Where in the quantity it is.</summary>
    public string Place { get; } = place;

    /// <summary>The value.</summary>
    public float Value { get; } = value;

    /// <summary>The diagnostic for the user.</summary>
    /// <param name="layer">Full name of the layer, with its expert.</param>
    /// <param name="span">Where the layer is configured, if anywhere.</param>
    public Diagnostic ToDiagnostic(string layer, SourceSpan? span = null)
    {
        DiagnosticDescriptor descriptor = Quantity switch
        {
            Weight => Descriptors.WeightNotFinite,
            Activation or ActivationAbsmax => Descriptors.ActivationNotFinite,
            _ => Descriptors.ResultNotFinite,
        };
        return descriptor.At(span, layer, Value, Place, Quantity);
    }
}
