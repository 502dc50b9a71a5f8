using System.IO.Pipes;
using QuantBuild.Tool.Running;

namespace QuantBuild.Tests.Logging;

public sealed class ParentWatchTests
{
    [Fact]
    public void The_parent_is_gone_when_its_end_of_the_pipe_is_closed()
    {
        using var parent = new AnonymousPipeServerStream(PipeDirection.Out);
        CancellationToken gone = ParentWatch.Watch(new AnonymousPipeClientStream(PipeDirection.In, parent.ClientSafePipeHandle));

        bool early = gone.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(100));
        parent.Dispose();

        Assert.False(early);
        Assert.True(gone.WaitHandle.WaitOne(TimeSpan.FromMinutes(5)));
    }

    [Fact]
    public void A_process_that_nobody_watches_over_is_never_left_alone() => Assert.False(ParentWatch.OfProcess().CanBeCanceled);
}
