using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Stages;

/// <summary>A layer's rotation in the keys of stages.</summary>
internal static class RotationOption
{
    /// <summary>
    /// The rotation that the manifest fixes; nothing for none, so that keys without a rotation are what they were before there was one. One
    /// that is measured is an input of the action.
    /// </summary>
    public static StageOption<LayerSubject> Fixed { get; } = new("rotation", subject =>
        subject.Layer.Recipe is { Precision: Precision.W4A4, Rotation: RotationMode.Hadamard32 }
            ? RecipeNames.Rotation.NameOf(RotationMode.Hadamard32)
            : null);
}
