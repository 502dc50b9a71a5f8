using System.Diagnostics;

namespace QuantBuild.Compiler.Torch.Tests.Building;

/// <summary>Builds that do not come to their end.</summary>
public sealed class EndingTests
{
    [Fact]
    public async Task A_build_that_is_cancelled_in_the_middle_says_so_and_goes_on_from_there()
    {
        using TorchProject project = new();
        using Process process = project.Start();
        var clock = new Stopwatch();

        (int status, string said) = await Programs.EndAsync(process, async () =>
        {
            while (project.Actions < 8 && !process.HasExited)
                await Task.Delay(20, TestContext.Current.CancellationToken);
            clock.Start();
            Signals.Send(process.Id, Signals.Terminate);
        });

        Assert.Equal(130, status);
        Assert.Contains("cancelled", said, StringComparison.OrdinalIgnoreCase);
        // A layer of the tiny model takes less than a second; the machine may be busy.
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 30);
        (status, said) = await project.BuildAsync();
        Assert.Equal(0, status);
        Assert.DoesNotContain(" 0 came from the store", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pass_whose_values_overflow_on_the_device_is_an_error_with_sample_and_step()
    {
        using var checkpoint = new LargeWeights("high_noise_model", "blocks.0.ffn.0.weight");
        using var project = new TorchProject { Checkpoint = checkpoint.Folder };

        (int status, string said) = await project.BuildAsync();

        Assert.Equal(1, status);
        Assert.Matches("error QB3105: Sample 0, timestep [0-9]+: the full-precision model has values that are not finite at high_noise",
            said);
        Assert.Equal(0, project.Actions);
    }
}
