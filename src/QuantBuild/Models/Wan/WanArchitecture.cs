namespace QuantBuild.Models.Wan;

/// <summary>A model of two experts that can be quantized, and what its official configuration says of sampling.</summary>
/// <remarks>Numbers of <c>wan/configs/wan_i2v_A14B.py</c> and <c>wan_t2v_A14B.py</c> of Wan-Video/Wan2.2; steps are 40 in both.</remarks>
/// <param name="Name">What manifests and artifacts call it.</param>
/// <param name="Model">The published model.</param>
/// <param name="TakesPicture">Whether a video begins with a picture, whose condition the latent is joined with.</param>
/// <param name="Boundary">Fraction of 1000 from which on the high-noise expert works.</param>
/// <param name="Shift">Shift of the noise schedule.</param>
/// <param name="GuidanceHigh">Scale of guidance of the high-noise expert.</param>
/// <param name="GuidanceLow">Scale of guidance of the low-noise expert.</param>
internal sealed record WanArchitecture(string Name, string Model, bool TakesPicture, double Boundary, double Shift, double GuidanceHigh,
    double GuidanceLow)
{
    /// <summary>A picture and a prompt become a video.</summary>
    public static WanArchitecture ImageToVideo { get; } = new("wan2.2-i2v", "Wan2.2-I2V-A14B", true, 0.9, 5, 3.5, 3.5);

    /// <summary>A prompt becomes a video.</summary>
    public static WanArchitecture TextToVideo { get; } = new("wan2.2-t2v", "Wan2.2-T2V-A14B", false, 0.875, 12, 4, 3);

    /// <summary>All of them, the default first.</summary>
    public static IReadOnlyList<WanArchitecture> All { get; } = [ImageToVideo, TextToVideo];

    /// <summary>The lowest integer timestep of the high-noise expert.</summary>
    public int BoundaryTimestep => (int)decimal.Ceiling((decimal)Boundary * 1000);

    /// <summary>What a video is made of, as a phrase.</summary>
    public string Makes => TakesPicture ? "videos of a first frame and a prompt" : "videos of a prompt alone";

    /// <summary>The architecture of an expert: by whether it has channels for a condition.</summary>
    public static WanArchitecture Of(WanConfig config) => config.ConditionDim > 0 ? ImageToVideo : TextToVideo;

    /// <summary>The architecture of a name; null for a name of none.</summary>
    public static WanArchitecture? Find(string name) => All.FirstOrDefault(architecture => architecture.Name == name);
}
