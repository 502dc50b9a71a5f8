using QuantBuild.Kernels;
using QuantBuild.Matrices;

namespace QuantBuild.Models.Wan;

/// <summary>The buffers of a forward pass over latents of one size.</summary>
internal sealed class WanScratch
{
    private readonly WanConfig _config;
    private readonly int _tokens;
    private readonly float[] _patches;
    private readonly float[] _residual;
    private readonly float[] _normal;
    private readonly float[] _q;
    private readonly float[] _k;
    private readonly float[] _v;
    private readonly float[] _hidden;
    private readonly float[] _textK;
    private readonly float[] _textV;

    public WanScratch(WanConfig config, LatentShape shape)
    {
        _config = config;
        Shape = shape;
        Rotary = new RotaryTable(shape.Frames, shape.Height / 2, shape.Width / 2, config.HeadDim);
        _tokens = Rotary.Tokens;
        _patches = new float[checked(_tokens * Patches.Size * config.InDim)];
        _residual = new float[checked(_tokens * config.Dim)];
        _normal = new float[_residual.Length];
        _q = new float[_residual.Length];
        _k = new float[_residual.Length];
        _v = new float[_residual.Length];
        _hidden = new float[checked(_tokens * config.FfnDim)];
        _textK = new float[checked(config.TextLen * config.Dim)];
        _textV = new float[_textK.Length];
        ResidualInput = new HostSiteInput(_residual, _tokens, config.Dim);
        BranchInput = new HostSiteInput(_normal, _tokens, config.Dim);
        HiddenInput = new HostSiteInput(_hidden, _tokens, config.FfnDim);
    }

    public LatentShape Shape { get; }

    public RotaryTable Rotary { get; }

    /// <summary>Patches of latent and condition, [tokens, 4 in_dim].</summary>
    public MatrixView Input => new(_patches, _tokens, Patches.Size * _config.InDim);

    /// <summary>
    /// Patches of the velocity, [tokens, 4 out_dim]; shares its memory with <see cref="Input"/>, which is read long before.
    /// </summary>
    public MatrixView Output => new(_patches, _tokens, Patches.Size * _config.OutDim);

    /// <summary>Residual stream, [tokens, dim].</summary>
    public MatrixView X => new(_residual, _tokens, _config.Dim);

    /// <summary>Input of a branch, [tokens, dim].</summary>
    public MatrixView Branch => new(_normal, _tokens, _config.Dim);

    /// <summary>Queries, and later the output of a branch, [tokens, dim].</summary>
    public MatrixView Q => new(_q, _tokens, _config.Dim);

    /// <summary>Keys of self-attention, [tokens, dim].</summary>
    public MatrixView K => new(_k, _tokens, _config.Dim);

    /// <summary>Values of self-attention, [tokens, dim].</summary>
    public MatrixView V => new(_v, _tokens, _config.Dim);

    /// <summary>Hidden layer of the feed-forward network, [tokens, ffn_dim].</summary>
    public MatrixView Hidden => new(_hidden, _tokens, _config.FfnDim);

    /// <summary>Keys of cross-attention, [text_len, dim].</summary>
    public MatrixView TextK => new(_textK, _config.TextLen, _config.Dim);

    /// <summary>Values of cross-attention, [text_len, dim].</summary>
    public MatrixView TextV => new(_textV, _config.TextLen, _config.Dim);

    /// <summary><see cref="X"/> as observers see it.</summary>
    public SiteInput ResidualInput { get; }

    /// <summary><see cref="Branch"/> as observers see it.</summary>
    public SiteInput BranchInput { get; }

    /// <summary><see cref="Hidden"/> as observers see it.</summary>
    public SiteInput HiddenInput { get; }
}
