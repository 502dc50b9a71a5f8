namespace QuantBuild.Torch.Streaming;

/// <summary>The weight of a 4-bit layer as it comes with its block; it is decoded when the layer runs.</summary>
/// <param name="Codes">E2M1 codes, [rows, bytes of a row] uint8.</param>
/// <param name="Scales">E8M0 bytes, [rows, blocks] uint8.</param>
internal sealed record StreamedCodes(StreamedTensor Codes, StreamedTensor Scales)
{
    /// <summary>Whether they are on the device.</summary>
    public bool IsHere => Codes.IsHere && Scales.IsHere;
}
