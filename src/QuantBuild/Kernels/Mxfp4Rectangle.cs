namespace QuantBuild.Kernels;

/// <summary>A part of a product's outputs: adjacent tokens and adjacent panels of the weight.</summary>
internal readonly record struct Mxfp4Rectangle(int Token, int Tokens, int Panel, int Panels);
