using System.Numerics;
using System.Runtime.InteropServices;
using QuantBuild.Compiler.Compute;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Quantizers;
using QuantBuild.Formats;
using QuantBuild.SafeTensors;

namespace QuantBuild.DeviceTable.Inputs;

/// <summary>A layer that is built: a random weight, recorded tokens with a few large channels, and what its steps have made.</summary>
internal sealed class MadeUpWork : ILayerData
{
    /// <summary>Makes the layer.</summary>
    /// <param name="outputs">Output channels.</param>
    /// <param name="inputs">Input channels.</param>
    /// <param name="tokens">Recorded tokens.</param>
    /// <param name="recipe">How it is quantized.</param>
    public MadeUpWork(int outputs, int inputs, int tokens, LayerRecipe recipe)
    {
        Layer = new LayerSpec("blocks.0.made-up", outputs, inputs, recipe);
        Scale = RandomValues.Positive(inputs, 1);
        Weights = new Weight(Layer.WeightName, outputs, inputs);
        Tokens = new Recorded(tokens, inputs);
    }

    public LayerSpec Layer { get; private set; }

    public ITensorSource Weights { get; }

    public float[] Scale { get; }

    public Rotation Rotation => Rotation.None;

    public IRecordedTokens Tokens { get; }

    public LowRankBranch? Branch { get; set; }

    public PackedWeight Packed { get; set; } = PackedWeight.Empty(0, 0);

    /// <summary>Changes the recipe for the steps that follow.</summary>
    public void Use(LayerRecipe recipe) => Layer = Layer with { Recipe = recipe };

    private sealed class Weight : ITensorSource
    {
        private readonly float[] _values;

        public Weight(string name, int outputs, int inputs)
        {
            _values = RandomValues.Normal(outputs * inputs, 5, 1 / Math.Sqrt(inputs));
            Tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal)
            {
                [name] = new(name, DType.F32, [outputs, inputs], 0, sizeof(float) * (long)_values.Length),
            };
        }

        public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

        public ReadOnlySpan<byte> Bytes(string name) => MemoryMarshal.AsBytes<float>(_values);

        public void ReadFloat32(string name, Span<float> destination) => _values.CopyTo(destination);
    }

    /// <summary>Tokens of one step, made again for every reader: those of a real layer would be a gigabyte.</summary>
    private sealed class Recorded(int tokens, int channels) : IRecordedTokens
    {
        // Primes, so that tokens do not repeat.
        private const int Period = 1_048_573;
        private const int Stride = 7_919;

        private readonly float[] _values = RandomValues.Normal(Period + channels, 6);
        private readonly float[] _sizes = RandomValues.Positive(channels, 7);

        public int Samples => 1;

        public long Rows(IReadOnlyCollection<int> steps) => tokens;

        public IEnumerable<Memory<float>> Portions(IReadOnlyCollection<int> steps, int rows, Func<int, bool>? samples = null)
        {
            if (samples?.Invoke(0) == false)
                yield break;
            var buffer = new float[Math.Min(rows, tokens) * channels];
            for (int first = 0; first < tokens; first += rows)
            {
                Memory<float> portion = buffer.AsMemory(0, Math.Min(rows, tokens - first) * channels);
                for (int row = 0; row * channels < portion.Length; row++)
                    Fill(portion.Span.Slice(row * channels, channels), (int)((long)(first + row) * Stride % Period));
                yield return portion;
            }
        }

        /// <summary>As fast as tokens come from a store's files, whose reading is a part of a step, too.</summary>
        private void Fill(Span<float> token, int at)
        {
            ReadOnlySpan<Vector<float>> values = MemoryMarshal.Cast<float, Vector<float>>(_values.AsSpan(at, channels)),
                sizes = MemoryMarshal.Cast<float, Vector<float>>(_sizes);
            Span<Vector<float>> target = MemoryMarshal.Cast<float, Vector<float>>(token);
            for (int i = 0; i < target.Length; i++)
                target[i] = values[i] * sizes[i];
            for (int i = target.Length * Vector<float>.Count; i < channels; i++)
                token[i] = _values[at + i] * _sizes[i];
        }
    }
}
