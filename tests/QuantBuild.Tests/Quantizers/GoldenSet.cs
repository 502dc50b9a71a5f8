using QuantBuild.Matrices;
using QuantBuild.SafeTensors;

namespace QuantBuild.Tests.Quantizers;

/// <summary>Tensors of a golden file, as the quantizers take them.</summary>
internal sealed class GoldenSet(string name) : IDisposable
{
    private readonly SafeTensorsFile _file = SafeTensorsFile.Open(TestData.Golden(name + ".safetensors"));

    public float[] Floats(string tensor) => _file.ReadFloat32(tensor);

    public float Scalar(string tensor) => Floats(tensor).Single();

    public byte[] Bytes(string tensor) => _file.Bytes(tensor).ToArray();

    public ushort[] Halves(string tensor) => [.. Bytes(tensor).Chunk(2).Select(pair => BitConverter.ToUInt16(pair))];

    public MatrixView Matrix(string tensor)
    {
        var shape = _file.Tensors[tensor].Shape;
        return new MatrixView(Floats(tensor), (int)shape[0], (int)shape[1]);
    }

    public void Dispose() => _file.Dispose();
}
