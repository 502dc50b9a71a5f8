using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.BackendTests;

/// <summary>Parts of the golden values in the form that models take.</summary>
internal static class Golden
{
    /// <summary>Prompt and first frame of <c>dit.safetensors</c>.</summary>
    public static WanConditioning Conditioning(SafeTensorsFile golden) =>
        new(golden.ReadFloat32("context"), (int)golden.Tensors["context"].Shape[0], golden.ReadFloat32("y"));
}
