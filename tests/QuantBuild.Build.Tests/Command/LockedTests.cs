using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class LockedTests
{
    [Fact]
    public void A_locked_build_accepts_its_own_lock_and_refuses_another()
    {
        using var model = new ReducedModel();
        Outcome none = model.Build("--locked").Expect(1);
        model.Build().Expect(0);
        string committed = File.ReadAllText(model.Lock);

        model.Build("--locked").Expect(0);
        model.Write(ReducedModel.Text(rank: 8));
        Outcome changed = model.Build("--locked").Expect(1);

        Assert.Contains("error QB4021", none.Out, StringComparison.Ordinal);
        Assert.Contains("error QB4020", changed.Out, StringComparison.Ordinal);
        Assert.Equal(committed, File.ReadAllText(model.Lock));
    }
}
