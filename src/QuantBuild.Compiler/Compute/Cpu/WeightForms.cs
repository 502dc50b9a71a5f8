using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Compute.Cpu;

/// <summary>A layer's weight in float32, in the form that a step asks for.</summary>
/// <remarks>
/// Of the three forms (<see cref="Source"/>, <see cref="Smoothed"/>, <see cref="Residual"/>) one is in memory at a time, in one array:
/// asking for another form ends the one before. The steps ask in an order in which each follows from the last.
/// </remarks>
/// <param name="data">The layer.</param>
internal sealed class WeightForms(ILayerData data)
{
    private readonly LayerSpec _layer = data.Layer;
    private float[] _values = [];
    private Form _form;
    private Rotation _rotation;

    private enum Form
    {
        None,
        Source,
        Smoothed,
        Residual,
    }

    private MatrixView Matrix => new(_values, _layer.OutFeatures, _layer.InFeatures);

    /// <summary>The weight of the checkpoint, [out, in].</summary>
    public ReadOnlyMatrixView Source()
    {
        if (_form != Form.Source)
            Read();
        return Matrix;
    }

    /// <summary>The smoothed and rotated weight, [out, in].</summary>
    /// <param name="threads">Threads to use.</param>
    /// <exception cref="NumericException">It is not finite.</exception>
    public ReadOnlyMatrixView Smoothed(int threads)
    {
        // The rotation is chosen on the way, by what the smoothed weight looks like without one.
        if (_form is Form.None or Form.Residual || (_form == Form.Smoothed && _rotation != data.Rotation))
            Read();
        _rotation = data.Rotation;
        if (_form == Form.Source && (data.Scale.Length > 0 || data.Rotation != Rotation.None))
            Smoothing.ApplyToWeight(Matrix, data.Scale, threads, data.Rotation);
        _form = Form.Smoothed;
        return Matrix;
    }

    /// <summary>Smoothed weight without the low-rank branch: what the 4-bit main branch stands for, [out, in].</summary>
    /// <param name="threads">Threads to use.</param>
    /// <exception cref="NumericException">The smoothed weight is not finite.</exception>
    public ReadOnlyMatrixView Residual(int threads)
    {
        if (_form == Form.Residual && _rotation == data.Rotation)
            return Matrix;
        _ = Smoothed(threads);
        data.Branch?.SubtractFrom(Matrix, threads);
        _form = Form.Residual;
        return Matrix;
    }

    private void Read()
    {
        if (_values.Length == 0)
            _values = new float[(long)_layer.OutFeatures * _layer.InFeatures];
        data.Weights.ReadFloat32(_layer.WeightName, _values);
        _form = Form.Source;
    }
}
