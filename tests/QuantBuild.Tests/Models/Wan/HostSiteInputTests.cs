using QuantBuild.Formats;
using QuantBuild.Models.Wan;

namespace QuantBuild.Tests.Models.Wan;

public sealed class HostSiteInputTests
{
    private static readonly float[] Values = [1, -7, 0.001f, float.NaN, -3, 2];

    private static readonly SiteInput Input = new HostSiteInput(Values, tokens: 3, channels: 2);

    [Fact]
    public void Maxima_go_on_from_those_that_were_there()
    {
        float[] maximum = [2, 100];

        Input.AccumulateMaxima(maximum);

        Assert.Equal([3, float.NaN], maximum);
    }

    [Fact]
    public void Rows_are_gathered_in_the_order_asked_for_and_rounded()
    {
        var rows = new ushort[4];

        Input.Gather([2, 1], rows);

        Assert.Equal([BFloat16.FromSingle(-3), BFloat16.FromSingle(2), BFloat16.FromSingle(0.001f), 0x7FC0], rows);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Input.AccumulateMaxima(new float[3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Input.Gather([0], new ushort[3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Input.Gather([3], new ushort[2]));
    }
}
