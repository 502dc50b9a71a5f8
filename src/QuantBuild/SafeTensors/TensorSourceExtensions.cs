namespace QuantBuild.SafeTensors;

/// <summary>Conveniences over <see cref="ITensorSource"/>.</summary>
public static class TensorSourceExtensions
{
    /// <summary>A tensor stored F32, F16 or BF16 as a new float32 array, row-major.</summary>
    /// <exception cref="SafeTensorsException">No such tensor, or another element type.</exception>
    public static float[] ReadFloat32(this ITensorSource source, string name)
    {
        if (!source.Tensors.TryGetValue(name, out TensorInfo? tensor))
            throw new SafeTensorsException("MissingTensor", $"there is no tensor '{name}'");
        var values = new float[checked((int)tensor.ElementCount)];
        source.ReadFloat32(name, values);
        return values;
    }
}
