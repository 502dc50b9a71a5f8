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
    public void A_machine_fetches_what_it_opens_and_no_recordings_where_layers_are_done()
    {
        using var model = new ReducedModel();
        Directory.CreateDirectory(model["remote"]);
        string address = new Uri(model["remote"]).AbsoluteUri;
        model.Build("--out", model["one"], "--store", model["store one"], "--remote", address).Expect(0);
        long all = new DirectoryInfo(Path.Combine(model["remote"], "cas")).GetFiles().Sum(file => file.Length);

        model.Build("--out", model["two"], "--store", model["store two"], "--remote", address, "--no-report").Expect(0);

        long fetched = new DirectoryInfo(Path.Combine(model["store two"], "blobs")).GetFiles("*", SearchOption.AllDirectories)
            .Sum(file => file.Length);
        long artifact = new DirectoryInfo(model["two"]).GetFiles("*.safetensors", SearchOption.AllDirectories).Sum(file => file.Length);
        Assert.InRange(fetched, artifact, artifact + ((all - artifact) / 4));
    }

    [Fact]
    public void Files_that_are_missing_or_changed_there_are_a_warning_and_made_again()
    {
        using var model = new ReducedModel();
        Directory.CreateDirectory(model["remote"]);
        string address = new Uri(model["remote"]).AbsoluteUri;
        model.Build("--out", model["one"], "--store", model["store one"], "--remote", address).Expect(0);
        FileInfo[] blobs = [.. new DirectoryInfo(Path.Combine(model["remote"], "cas")).GetFiles().OrderByDescending(file => file.Length)];
        for (int i = 0; i < blobs.Length; i += 3)
        {
            if (i % 2 == 0)
                blobs[i].Delete();
            else
                File.WriteAllBytes(blobs[i].FullName, [.. File.ReadAllBytes(blobs[i].FullName).Select(value => (byte)(value ^ 1))]);
        }

        Outcome second = model.Build("--out", model["two"], "--store", model["store two"], "--remote", address).Expect(0);

        Assert.Contains("QB4093", second.Out, StringComparison.Ordinal);
        Assert.Equal(ReducedModel.Bytes(model["one"]), ReducedModel.Bytes(model["two"]));
        Assert.DoesNotContain(ActionLine.Parse(model.Build("--out", model["three"], "--store", model["store three"], "--remote", address)
            .Expect(0)), action => action.Ran);
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
