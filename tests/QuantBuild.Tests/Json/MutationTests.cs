using QuantBuild.Soak.Mutations;

namespace QuantBuild.Tests.Json;

/// <summary>A sample of what <c>QuantBuild.Soak mutations</c> does a million times.</summary>
public sealed class MutationTests
{
    public static TheoryData<string> Readers => [.. ReaderTargets.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Readers))]
    public void A_damaged_file_is_read_or_gets_its_readers_own_error(string reader)
    {
        // The clock of a machine that runs other tests says little; the soak console asks for a second.
        MutationRun run = MutationRun.Of(ReaderTargets.All.Single(target => target.Name == reader), 1500, seed: 42,
            TimeSpan.FromSeconds(20));

        Assert.Empty(run.Faults);
        Assert.True(run.Refused > 100 || reader is "hub-refusal", "the damages do no harm");
    }
}
