namespace QuantBuild.SafeTensors;

/// <summary>Reads parameters, each checked against the shape that the model asks for.</summary>
/// <param name="source">Where they are.</param>
internal sealed class CheckedTensors(ITensorSource source)
{
    /// <summary>The source, for tensors that stay in it.</summary>
    public ITensorSource Source => source;

    /// <summary>A tensor in float32.</summary>
    /// <exception cref="SafeTensorsException">It is missing, of another shape, or no float.</exception>
    public float[] Read(string name, params ReadOnlySpan<long> shape)
    {
        Check(name, shape);
        return source.ReadFloat32(name);
    }

    /// <summary>Checks a tensor without reading it.</summary>
    /// <exception cref="SafeTensorsException">It is missing, of another shape, or no float.</exception>
    public void Check(string name, params ReadOnlySpan<long> shape)
    {
        if (!source.Tensors.TryGetValue(name, out TensorInfo? tensor))
            throw new SafeTensorsException("MissingTensor", $"there is no tensor '{name}'");
        if (!shape.SequenceEqual([.. tensor.Shape]))
            throw new SafeTensorsException("WrongShape",
                $"tensor '{name}' is [{string.Join(',', tensor.Shape)}]; the configuration asks for [{string.Join(',', shape.ToArray())}]");
        if (tensor.DType is not (DType.F32 or DType.F16 or DType.BF16))
            throw new SafeTensorsException("WrongDType", $"tensor '{name}' is {tensor.DType}; weights are F32, F16 or BF16");
    }
}
