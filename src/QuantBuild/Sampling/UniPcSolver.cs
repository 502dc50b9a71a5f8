using QuantBuild.Kernels;

namespace QuantBuild.Sampling;

/// <summary>
/// UniPC of order 2 for flow matching: B(h) = e^h - 1, data prediction, every step corrected, the last one of first order.
/// </summary>
/// <remarks>
/// Zhao et al., "UniPC: A Unified Predictor-Corrector Framework for Fast Sampling of Diffusion Models".  With alpha = 1 - sigma and
/// lambda = log(alpha / sigma), a step over h = lambda' - lambda goes to sigma' / sigma x - c m with c = alpha' (e^-h - 1), where m is
/// the predicted clean sample, and adds differences of other predictions.  Coefficients and the sums over them are in double
/// precision; samples and predictions are kept in float32.
/// </remarks>
/// <param name="schedule">Noise levels to visit.</param>
internal sealed class UniPcSolver(FlowSchedule schedule) : ISolver
{
    private int _step;

    // Order of the prediction that led to the current sample, and the corrected sample it started from.
    private int _order;
    private float[] _start = [];

    // Clean samples predicted now, at the previous step, and at the one before it.
    private float[] _current = [];
    private float[] _previous = [];
    private float[] _older = [];

    /// <inheritdoc/>
    public void Step(ReadOnlySpan<float> velocity, Span<float> sample)
    {
        if (velocity.Length != sample.Length || (_step > 0 && sample.Length != _start.Length))
            throw new ArgumentException($"a velocity of {velocity.Length} elements does not move a sample of {sample.Length}");
        if (_step == schedule.Timesteps.Count)
            throw new InvalidOperationException("the schedule has no step left");
        if (_step == 0)
            Start(sample.Length);

        for (int i = 0; i < sample.Length; i++)
            _current[i] = (float)(sample[i] - ((double)schedule.Sigmas[_step] * velocity[i]));
        if (_step > 0)
            Correct(sample);
        sample.CopyTo(_start);
        _order = Math.Min(_step == 0 ? 1 : 2, schedule.Timesteps.Count - _step);
        Predict(sample);
        (_older, _previous, _current) = (_previous, _current, _older);
        _step++;
    }

    private void Start(int length)
    {
        if (_start.Length != length)
            (_start, _current, _previous, _older) = (new float[length], new float[length], new float[length], new float[length]);
        else
            Array.Clear(_older);
    }

    /// <summary>Repeats the step that led here, now that the prediction at its end is known.</summary>
    private void Correct(Span<float> sample)
    {
        Interval interval = Between(_step - 1);
        (double atOlder, double atCurrent) = (0, 0.5);
        if (_order == 2)
        {
            // The weights w of the two differences solve w1 + w2 = b1 and r w1 + w2 = b2: exact for polynomials of degree two.
            double r = Ratio(_step - 1, interval);
            double phi = (interval.B / -interval.H) - 1;
            double b1 = phi / interval.B;
            double b2 = ((phi / -interval.H) - 0.5) * 2 / interval.B;
            double w1 = (b1 - b2) / (1 - r);
            (atOlder, atCurrent) = (w1 / r, b1 - w1);
        }
        double c = interval.C;
        for (int i = 0; i < sample.Length; i++)
            sample[i] = (float)((interval.Keep * _start[i])
                - (c * (_previous[i] + (atOlder * ((double)_older[i] - _previous[i]))
                    + (atCurrent * ((double)_current[i] - _previous[i])))));
    }

    /// <summary>Goes to the next noise level.</summary>
    private void Predict(Span<float> sample)
    {
        Interval interval = Between(_step);
        double atPrevious = _order == 2 ? 0.5 / Ratio(_step, interval) : 0;
        for (int i = 0; i < sample.Length; i++)
            sample[i] = (float)((interval.Keep * sample[i])
                - (interval.C * (_current[i] + (atPrevious * ((double)_previous[i] - _current[i])))));
    }

    /// <summary>Where the step before the given one started, in units of the given one: negative.</summary>
    private double Ratio(int step, Interval interval) => (Lambda(step - 1) - Lambda(step)) / interval.H;

    private Interval Between(int step)
    {
        (double from, double to) = (schedule.Sigmas[step], schedule.Sigmas[step + 1]);
        double h = Lambda(step + 1) - Lambda(step);
        double b = DeterministicMath.Expm1(-h);
        return new Interval(h, b, to / from, (1 - to) * b);
    }

    private double Lambda(int step)
    {
        double sigma = schedule.Sigmas[step];
        return sigma > 0 ? DeterministicMath.Log((1 - sigma) / sigma) : double.PositiveInfinity;
    }

    /// <summary>One step: its length h in lambda, b = e^-h - 1, sigma' / sigma, and c.</summary>
    private readonly record struct Interval(double H, double B, double Keep, double C);
}
