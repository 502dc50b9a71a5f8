namespace QuantBuild.Imaging;

/// <summary>What a picture file says of itself.</summary>
/// <param name="Kind">Its kind, such as <c>PNG</c>.</param>
/// <param name="Width">Width in pixels, as the picture is to be seen.</param>
/// <param name="Height">Height in pixels, as the picture is to be seen.</param>
/// <param name="DecodingBytes">Bytes that decoding takes at the most, the picture included and the file not.</param>
public sealed record ImageHeader(string Kind, int Width, int Height, long DecodingBytes);
