using System.Collections.Immutable;
using QuantBuild.Matrices;

namespace QuantBuild.Compiler.Quantizers;

/// <summary>
/// How far the moments of the calibration tokens are trusted: the ridge of <see cref="Refit"/>, in units of
/// <see cref="RoundingNoise.Mean"/>, by its error on calibration tokens that the moments have not seen.
/// </summary>
/// <remarks>
/// A weight filtered for the channels' correlations (<see cref="NoiseFilter"/>) overfits when the calibration tokens cover few directions:
/// a text's activation needs a ridge a hundred times as large as that of a long video. The error has one minimum, found by walking from the
/// middle of the grid.
/// </remarks>
internal static class RidgeChoice
{
    /// <summary>What a layer gets whose tokens cannot be split.</summary>
    public const double Default = 10;

    /// <summary>The grid, ascending.</summary>
    public static ImmutableArray<double> Grid { get; } = [0.3, 1, 3, 10, 30, 100];

    /// <summary>A ridge that was tried.</summary>
    /// <param name="Ridge">In units of the mean noise.</param>
    /// <param name="Error">The error on the other tokens, as a part of that without a filter.</param>
    public readonly record struct Tried(double Ridge, double Error);

    /// <summary>Chooses.</summary>
    /// <param name="rows">Some rows of P, [rows, in], row-major.</param>
    /// <param name="moments">Moments of the tokens to fit.</param>
    /// <param name="check">The other tokens, as recorded, in portions, as often as asked.</param>
    /// <param name="form">How they become the input.</param>
    /// <param name="quantizer">How the main branch rounds its input.</param>
    /// <param name="threads">Threads to use; the result does not depend on it.</param>
    /// <param name="ct">Ends the work between blocks.</param>
    /// <returns>What was tried, the best first; the smaller ridge of two equal ones.</returns>
    public static ImmutableArray<Tried> Of(Memory<float> rows, InputMoments moments, Func<IEnumerable<Memory<float>>> check,
        InputForm form, ActivationQuantizer quantizer, int threads, CancellationToken ct)
    {
        ChannelSample sample = ChannelSample.From(form.Channels);
        (form, int channels) = (sample.Take(form), sample.Channels.Length);
        float[] values = sample.Take(rows).ToArray();
        int count = values.Length / channels;
        return Walk(Error(values), ErrorOf);

        double ErrorOf(double ridge)
        {
            RoundingNoise noise = moments.Of(sample.Channels, threads);
            noise.AddRidge(ridge * noise.Mean);
            var hessian = new MatrixView(noise.IntoHessian(threads), channels, channels);
            float[] filtered = [.. values];
            if (HessianFactor.TryCreate(hessian, damp: 0, threads, ct) is not { } factor)
                return double.PositiveInfinity;
            new NoiseFilter(noise, factor).Apply(new MatrixView(filtered, count, channels), hessian, threads, ct);
            return Error(filtered);
        }

        double Error(float[] filtered)
        {
            double sum = 0;
            using var tokens = new RoundedTokens(form);
            foreach (Memory<float> portion in check())
            {
                ct.ThrowIfCancellationRequested();
                tokens.Load(sample.Take(portion), quantizer, threads);
                sum += tokens.OutputError(new ReadOnlyMatrixView(values, count, channels),
                    new ReadOnlyMatrixView(filtered, count, channels), threads, ct);
            }
            return sum;
        }
    }

    /// <summary>Walks through the grid to the least error.</summary>
    /// <param name="plain">The error without a filter.</param>
    /// <param name="errorOf">That with a ridge; infinite where none can be told.</param>
    /// <returns>What was tried, the best first; the smaller ridge of two equal ones.</returns>
    public static ImmutableArray<Tried> Walk(double plain, Func<double, double> errorOf)
    {
        var tried = new SortedDictionary<int, double>();
        int place = 2;
        Try(place);
        Try(place + 1);
        int step = tried[place + 1] < tried[place] ? 1 : -1;
        for (place = step > 0 ? place + 1 : place; place + step >= 0 && place + step < Grid.Length; place += step)
        {
            Try(place + step);
            if (!(tried[place + step] < tried[place]))
                break;
        }
        return [.. tried.OrderBy(pair => pair.Value).ThenBy(pair => pair.Key).Select(pair =>
            new Tried(Grid[pair.Key], plain > 0 ? pair.Value / plain : 1))];

        void Try(int index) => tried[index] = errorOf(Grid[index]);
    }
}
