using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

public sealed class ActionClaimTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_that_is_gone_before_it_is_opened_is_tried_again()
    {
        using var folder = new StoreFolder();
        string path = folder.PathTo("claim.lock");
        int tries = 0, waits = 0;

        using (await ActionClaim.AcquireAsync(path, () => waits++, wait: null, file => ++tries < 4
            ? throw new FileNotFoundException(null, file)
            : new FileStream(file, FileMode.OpenOrCreate), Ct))
        {
        }

        Assert.Equal((4, 1), (tries, waits));
    }

    [Fact]
    public async Task A_file_system_that_never_has_it_is_an_error()
    {
        int tries = 0;

        await Assert.ThrowsAsync<FileNotFoundException>(async () =>
            await ActionClaim.AcquireAsync("claim.lock", onWait: null, wait: null, file =>
        {
            tries++;
            throw new FileNotFoundException(null, file);
        }, Ct));

        Assert.Equal(100, tries);
    }
}
