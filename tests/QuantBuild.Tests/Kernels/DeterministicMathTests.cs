using QuantBuild.Kernels;

namespace QuantBuild.Tests.Kernels;

public class DeterministicMathTests
{
    // Correctly rounded values, computed elsewhere with 70 decimal digits.
    public static TheoryData<string, double, double> Exact => new()
    {
        { "Exp", 0.1, 1.1051709180756477 },
        { "Exp", -0.3466, 0.7070881069410189 },
        { "Exp", 1.0, 2.718281828459045 },
        { "Exp", -20.25, 1.6052280551856116e-09 },
        { "Exp", 88.7, 3.325986980250579e+38 },
        { "Exp", 700.5, 1.6721859620674984e+304 },
        { "Exp", -708.1, 2.9927977198291917e-308 },
        { "Exp", 1e-09, 1.000000001 },
        { "Log", 0.1, -2.3025850929940455 },
        { "Log", 0.70710678, -0.3465735919580042 },
        { "Log", 0.9999999, -1.0000000494736474e-07 },
        { "Log", 1.0000001, 9.999999505838704e-08 },
        { "Log", 1.41421357, 0.3465735956730089 },
        { "Log", 2.0, 0.6931471805599453 },
        { "Log", 1e-300, -690.7755278982137 },
        { "Log", 5e-324, -744.4400719213812 },
        { "Log", 12345.678, 9.421061321291832 },
        { "Log", 1.7e+308, 709.7268368932282 },
        { "Sin", 1e-09, 1e-09 },
        { "Sin", 0.5, 0.479425538604203 },
        { "Sin", 1.5707963267948966, 1.0 },
        { "Sin", 3.14, 0.0015926529164868282 },
        { "Sin", 10.0, -0.5440211108893698 },
        { "Sin", 999.0, -0.026460752737064126 },
        { "Sin", 6283.185307179586, -6.428332918551267e-13 },
        { "Sin", 9999.5, 0.18828574191134848 },
        { "Sin", -2.5, -0.5984721441039565 },
        { "Sin", 1000000.0, -0.34999350217129294 },
        { "Cos", 1e-09, 1.0 },
        { "Cos", 0.5, 0.8775825618903728 },
        { "Cos", 1.5707963267948966, 6.123233995736766e-17 },
        { "Cos", 3.14, -0.9999987317275395 },
        { "Cos", 10.0, -0.8390715290764524 },
        { "Cos", 999.0, 0.9996498529808264 },
        { "Cos", 7.853981633974483, 3.061616997868383e-16 },
        { "Cos", 9999.5, -0.9821142903923622 },
        { "Cos", -2.5, -0.8011436155469337 },
        { "Cos", 1000000.0, 0.9367521275331447 },
        { "Tanh", 1e-09, 1e-09 },
        { "Tanh", 0.1, 0.09966799462495582 },
        { "Tanh", 0.5, 0.46211715726000974 },
        { "Tanh", -1.0, -0.7615941559557649 },
        { "Tanh", 3.0, 0.9950547536867305 },
        { "Tanh", 15.0, 0.9999999999998128 },
        { "Expm1", 1e-12, 1.0000000000005e-12 },
        { "Expm1", -0.001, -0.0009995001666250085 },
        { "Expm1", 0.2, 0.22140275816016985 },
        { "Expm1", -0.5, -0.3934693402873666 },
        { "Expm1", 0.4, 0.49182469764127035 },
        { "Expm1", 1.3, 2.6692966676192444 },
        { "Expm1", -5.0, -0.9932620530009145 },
        { "Expm1", 30.0, 10686474581523.463 },
        { "Expm1", -1e-17, -1e-17 },
        { "Log1p", 1e-12, 9.999999999995e-13 },
        { "Log1p", -0.001, -0.0010005003335835335 },
        { "Log1p", 0.2, 0.18232155679395465 },
        { "Log1p", -0.29, -0.3424903089467759 },
        { "Log1p", 0.41, 0.3435897043900769 },
        { "Log1p", 0.5, 0.4054651081081644 },
        { "Log1p", -0.9, -2.302585092994046 },
        { "Log1p", 100000.0, 11.51293546492023 },
        { "Log1p", 1e-17, 1e-17 },
    };

    public static TheoryData<double, double, double> ExactPowers => new()
    {
        { 10000.0, -0.5, 0.01 },
        { 10000.0, 0.3333333333333333, 21.544346900318832 },
        { 10000.0, -0.9921875, 0.00010746078283213175 },
        { 2.5, 0.3, 1.3163822043342375 },
        { 0.001, 0.5, 0.03162277660168379 },
        { 1e-08, 0.7, 2.5118864315095823e-06 },
        { 1.0000001, 1000000.0, 1.1051709126143208 },
        { 7.0, 200.0, 1.0461838291314358e+169 },
        { 3.0, -300.5, 4.217576383571141e-144 },
    };

    [Theory]
    [MemberData(nameof(Exact))]
    public void Functions_are_within_one_ulp_of_exact_values(string function, double x, double exact) =>
        Assert.InRange(Ulps(Function(function)(x), exact), 0, 1);

    [Theory]
    [MemberData(nameof(ExactPowers))]
    public void Powers_are_within_one_ulp_of_exact_values(double x, double y, double exact) =>
        Assert.InRange(Ulps(DeterministicMath.Pow(x, y), exact), 0, 1);

    [Theory]
    [InlineData("Exp", -700, 700)]
    [InlineData("Exp", -1, 1)]
    [InlineData("Log", 1e-3, 1e3)]
    [InlineData("Log", 0.5, 1.5)]
    [InlineData("Sin", -1e4, 1e4)]
    [InlineData("Cos", -1e4, 1e4)]
    [InlineData("Sin", -1, 1)]
    [InlineData("Tanh", -25, 25)]
    [InlineData("Expm1", -2, 2)]
    [InlineData("Log1p", -0.99, 3)]
    public void Functions_agree_with_the_platform_within_three_ulp(string name, double from, double to)
    {
        Func<double, double> function = Function(name);
        Func<double, double> platform = Platform(name);
        var random = new Random(42);
        for (int i = 0; i < 20_000; i++)
        {
            double x = from + ((to - from) * random.NextDouble());
            Assert.InRange(Ulps(function(x), platform(x)), 0, 3);
        }
    }

    [Fact]
    public void Special_values_follow_the_mathematical_limits()
    {
        Assert.Equal(double.PositiveInfinity, DeterministicMath.Exp(710));
        Assert.Equal(0, DeterministicMath.Exp(double.NegativeInfinity));
        Assert.Equal(1, DeterministicMath.Exp(0));
        Assert.Equal(double.Epsilon, DeterministicMath.Exp(-744.5));
        Assert.Equal(double.NegativeInfinity, DeterministicMath.Log(0));
        Assert.True(double.IsNaN(DeterministicMath.Log(-1)));
        Assert.Equal(double.PositiveInfinity, DeterministicMath.Log(double.PositiveInfinity));
        Assert.Equal(double.NegativeInfinity, DeterministicMath.Log1p(-1));
        Assert.True(double.IsNaN(DeterministicMath.Log1p(-2)));
        Assert.Equal(double.PositiveInfinity, DeterministicMath.Log1p(double.PositiveInfinity));
        Assert.Equal(-1, DeterministicMath.Expm1(-1000));
        Assert.Equal(double.PositiveInfinity, DeterministicMath.Expm1(1000));
        Assert.Equal(-1, DeterministicMath.Tanh(double.NegativeInfinity));
        Assert.Equal(1, DeterministicMath.Cos(0));
        Assert.True(double.IsNaN(DeterministicMath.Exp(double.NaN)));
        Assert.True(double.IsNaN(DeterministicMath.Log(double.NaN)));
        Assert.True(double.IsNaN(DeterministicMath.Log1p(double.NaN)));
        Assert.True(double.IsNaN(DeterministicMath.Expm1(double.NaN)));
        Assert.True(double.IsNaN(DeterministicMath.Tanh(double.NaN)));
        Assert.True(double.IsNaN(DeterministicMath.Sin(double.NaN)));
        Assert.Equal(1, DeterministicMath.Pow(5, 0));
        Assert.Equal(double.PositiveInfinity, DeterministicMath.Pow(10, 400));
        Assert.Equal(0, DeterministicMath.Pow(10, -400));
    }

    [Fact]
    public void Arguments_outside_the_domain_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => DeterministicMath.Pow(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DeterministicMath.Pow(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DeterministicMath.Pow(2, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => DeterministicMath.Sin(1e7));
    }

    [Fact]
    public void The_bits_of_a_sample_of_results_never_change()
    {
        var hash = new HashCodeOfBits();
        for (int i = 0; i < 4096; i++)
        {
            double x = (i - 2048) / 97.0;
            hash.Add(DeterministicMath.Exp(x));
            hash.Add(DeterministicMath.Expm1(x));
            hash.Add(DeterministicMath.Log(i + 0.5));
            hash.Add(DeterministicMath.Log1p(i / 100.0));
            hash.Add(DeterministicMath.Pow(i + 0.25, x));
            hash.Add(DeterministicMath.Sin(x * 100));
            hash.Add(DeterministicMath.Cos(x * 100));
            hash.Add(DeterministicMath.Tanh(x));
            hash.Add(DeterministicMath.Exp((float)x));
        }
        Assert.Equal(16073359943632608646UL, hash.Value);
    }

    [Fact]
    public void Float_exponential_is_within_one_ulp_and_equal_in_spans_of_any_length()
    {
        var random = new Random(42);
        float[] special = [0, -0f, 1, -1, 88.7f, 88.8f, 1e30f, -87.4f, -103.9f, -104, -1e30f, float.PositiveInfinity,
            float.NegativeInfinity, 0.34657f, 1e-30f, -1e-8f, 3];
        for (int round = 0; round < 4000; round++)
        {
            float[] x = round == 0
                ? special
                : [.. Enumerable.Range(0, round % 37).Select(_ => (float)((random.NextDouble() * 200) - 105) / (1 + (round & 7)))];
            var y = new float[x.Length];
            DeterministicMath.Exp(x, y);
            for (int i = 0; i < x.Length; i++)
            {
                Assert.Equal(BitConverter.SingleToInt32Bits(DeterministicMath.Exp(x[i])), BitConverter.SingleToInt32Bits(y[i]));
                float exact = (float)DeterministicMath.Exp((double)x[i]);
                Assert.InRange(Math.Abs(BitConverter.SingleToInt32Bits(y[i]) - BitConverter.SingleToInt32Bits(exact)), 0, 1);
            }
        }
        var notNumbers = new float[17];
        DeterministicMath.Exp([.. Enumerable.Repeat(float.NaN, 17)], notNumbers);
        Assert.All(notNumbers, value => Assert.True(float.IsNaN(value)));
        Assert.Equal(0, DeterministicMath.Exp(float.NegativeInfinity));
        Assert.Throws<ArgumentException>(() => DeterministicMath.Exp(new float[2], new float[3]));
    }

    private static Func<double, double> Function(string name) => name switch
    {
        "Exp" => DeterministicMath.Exp,
        "Log" => DeterministicMath.Log,
        "Sin" => DeterministicMath.Sin,
        "Cos" => DeterministicMath.Cos,
        "Tanh" => DeterministicMath.Tanh,
        "Expm1" => DeterministicMath.Expm1,
        _ => DeterministicMath.Log1p,
    };

    private static Func<double, double> Platform(string name) => name switch
    {
        "Exp" => Math.Exp,
        "Log" => Math.Log,
        "Sin" => Math.Sin,
        "Cos" => Math.Cos,
        "Tanh" => Math.Tanh,
        "Expm1" => x => Math.Abs(x) < 0.3 ? 2 * Math.Sinh(x / 2) * Math.Exp(x / 2) : Math.Exp(x) - 1,
        _ => x => (double)(Math.Abs(x) < 0.1 ? 2 * Math.Atanh(x / (2 + x)) : Math.Log(1 + x)),
    };

    private static long Ulps(double a, double b) => Math.Abs(BitConverter.DoubleToInt64Bits(a) - BitConverter.DoubleToInt64Bits(b));

    /// <summary>FNV-1a over the bits of doubles.</summary>
    private struct HashCodeOfBits()
    {
        public ulong Value { get; private set; } = 14695981039346656037;

        public void Add(double value) => Value = (Value ^ BitConverter.DoubleToUInt64Bits(value)) * 1099511628211;
    }
}
