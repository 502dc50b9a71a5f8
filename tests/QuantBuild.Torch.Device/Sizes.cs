using QuantBuild.Models;
using QuantBuild.Models.Wan;

namespace QuantBuild.DeviceTable;

/// <summary>The shapes that are measured: those of Wan2.2-A14B, or ones that a processor gets through in a minute.</summary>
internal sealed record Sizes(string Name, WanConfig Expert, LatentShape Video, LatentShape Clip, int RecordedTokens, int Rank)
{
    /// <summary>An expert of Wan2.2-I2V-A14B, a video of 61 frames at 832 x 480, and 1,280 tokens for comparisons.</summary>
    public static Sizes Real { get; } = new("real", Wan(5120, 13824, 40, 40, 512, 4096), new LatentShape(16, 60, 104),
        new LatentShape(5, 32, 32),
        RecordedTokens: 7680, Rank: 32);

    /// <summary>The same in small, with as many channels per head.</summary>
    public static Sizes Small { get; } = new("small", Wan(256, 704, 2, 3, 32, 128), new LatentShape(2, 16, 16), new LatentShape(1, 16, 16),
        RecordedTokens: 384, Rank: 8);

    /// <summary>Tokens of a video, and with them of every layer's input.</summary>
    public int Tokens => Video.Volume / 4;

    /// <summary>
    /// Distinct shapes of a block's linear layers, with how many layers have each; text is what two of cross-attention read.
    /// </summary>
    public (int Out, int In, int Count)[] Linears =>
        [(Expert.Dim, Expert.Dim, 6), (Expert.FfnDim, Expert.Dim, 1), (Expert.Dim, Expert.FfnDim, 1)];

    /// <summary>
    /// Multiply-adds times two of one pass: linear layers of the tokens and of the text, attention to tokens and to the text.
    /// </summary>
    public double StepOperations
    {
        get
        {
            double d = Expert.Dim, tokens = Tokens, text = Expert.TextLen;
            double linear = 2 * tokens * ((6 * d * d) + (2 * d * Expert.FfnDim)) + (2 * text * 2 * d * d);
            return Expert.NumLayers * (linear + (4 * tokens * (tokens + text) * d));
        }
    }

    public static Sizes? Of(string name) => new[] { Real, Small }.SingleOrDefault(sizes => sizes.Name == name);

    private static WanConfig Wan(int dim, int ffn, int heads, int layers, int textLength, int textDim) => new()
    {
        Dim = dim, FfnDim = ffn, NumHeads = heads, NumLayers = layers, InDim = 36, OutDim = 16, TextLen = textLength, TextDim = textDim,
        FreqDim = 256,
    };
}
