namespace QuantBuild.SafeTensors;

/// <summary>Conveniences over <see cref="ITensorSource"/>.</summary>
public static class TensorSourceExtensions
{
    /// <summary>A tensor stored F32, F16 or BF16 as a new float32 array, row-major.</summary>
    /// <exception cref="SafeTensorsException">No such tensor, or another element type.</exception>
    public static float[] ReadFloat32(this ITensorSource source, string name)
    {
        // Without the tensor the source itself says so, with its path.
        long count = source.Tensors.TryGetValue(name, out TensorInfo? tensor) ? tensor.ElementCount : 0;
        if (count > Array.MaxLength)
            throw new SafeTensorsException("TensorTooLarge", $"tensor '{name}' has {count} elements, more than an array can hold");
        var values = new float[count];
        source.ReadFloat32(name, values);
        return values;
    }
}
