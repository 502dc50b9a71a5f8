using QuantBuild.Build.Tests.Infrastructure;
using QuantBuild.Tests.Store.Remote;

namespace QuantBuild.Build.Tests.Command;

public sealed class RemoteStoreTests
{
    [Fact]
    public void A_machine_with_an_empty_store_computes_nothing_that_another_has_shared_and_gives_equal_bytes()
    {
        using var model = new ReducedModel();
        string remote = model["remote"];
        Directory.CreateDirectory(remote);
        string address = new Uri(remote).AbsoluteUri;
        model.Build("--out", model["one"], "--store", model["store one"], "--remote", address).Expect(0);

        ActionLine[] second = ActionLine.Parse(
            model.Build("--out", model["two"], "--store", model["store two"], "--remote", address, "--remote-read-only").Expect(0));

        Assert.NotEmpty(second);
        Assert.DoesNotContain(second, action => action.Ran);
        Assert.Equal(ReducedModel.Bytes(model["one"]), ReducedModel.Bytes(model["two"]));
    }

    [Fact]
    public void A_server_of_Bazels_cache_is_a_shared_store()
    {
        using var server = new NginxServer();
        using var model = new ReducedModel();
        model.Build("--out", model["one"], "--store", model["store one"], "--remote", server.Url).Expect(0);

        ActionLine[] second = ActionLine.Parse(
            model.Build("--out", model["two"], "--store", model["store two"], "--remote", server.Url).Expect(0));

        Assert.NotEmpty(second);
        Assert.DoesNotContain(second, action => action.Ran);
        Assert.Equal(ReducedModel.Bytes(model["one"]), ReducedModel.Bytes(model["two"]));
    }

    [Fact]
    public void A_shared_store_that_is_not_there_is_a_warning()
    {
        using var model = new ReducedModel();

        Outcome outcome = model.Build("--remote", new Uri(model["not mounted"]).AbsoluteUri).Expect(0);

        Assert.Contains("QB4091", outcome.Out, StringComparison.Ordinal);
        Assert.False(Directory.Exists(model["not mounted"]));
    }

    [Fact]
    public void An_address_that_is_none_is_a_diagnostic()
    {
        using var model = new ReducedModel();

        Assert.Contains("QB4090", model.Build("--remote", "ftp://host/store").Expect(1).Out, StringComparison.Ordinal);
        model.Build("--remote", "").Expect(0);
    }
}
