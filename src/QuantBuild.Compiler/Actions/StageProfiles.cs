namespace QuantBuild.Compiler.Actions;

/// <summary>The arithmetic of a build's stages, as its manifest chose it.</summary>
/// <param name="Model">That of the stages which run the model.</param>
/// <param name="Layers">That of the stages which work on one layer.</param>
internal sealed record StageProfiles(NumericProfile Model, NumericProfile Layers)
{
    /// <summary>Everything on the CPU.</summary>
    public static StageProfiles Cpu { get; } = new(NumericProfile.Cpu, NumericProfile.Cpu);

    /// <summary>The arithmetic of a stage.</summary>
    public NumericProfile Of(Stage stage) => stage.Group switch
    {
        ComputeGroup.Model => Model,
        ComputeGroup.Layers => Layers,
        _ => NumericProfile.Cpu,
    };

    /// <summary>Whether the whole build has the same bytes on every machine.</summary>
    public bool AreBitExact => Model.BitExact && Layers.BitExact;

    /// <summary>The names, as files that outlive a build have them.</summary>
    public ProfileNames Names => new(Model.Name, Layers.Name);

    /// <inheritdoc/>
    public override string ToString() => Names.ToString();
}
