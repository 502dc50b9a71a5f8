using QuantBuild.Compiler.Hub;
using QuantBuild.HubServer;

namespace QuantBuild.Tests.Hub;

/// <summary>Servers that refuse, lie, or make no sense.</summary>
public sealed class UploadRefusalTests : UploadTest
{
    [Fact]
    public async Task A_server_that_confirms_what_it_does_not_have_is_found_out()
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.Contains("objects/batch"), Fault.Answer(200,
            $$"""{"transfer":"basic","objects":[{"oid":"{{Random("large.bin", 70_000).Digest}}","size":70000}]}"""));
        Server.Fail(request => request.Path.Contains("/commit/"), Fault.Answer(200, $$"""{"commitOid":"{{Repository.Main.Id}}"}"""));

        Assert.Contains("large.bin", await FailsAsync("QB5029", () => Push(Random("large.bin", 70_000))));
    }

    [Fact]
    public async Task A_file_above_the_limit_is_refused_by_its_name()
    {
        Server.Add(Name);
        HubFile file = Random("large.bin", 70_000);
        Server.Fail(request => request.Path.Contains("objects/batch"), Fault.Answer(200,
            $$$"""{"objects":[{"oid":"{{{file.Digest}}}","size":70000,"error":{"code":422,"message":"file is above 50 GB, {{{HubServerToken}}}"}}]}"""));

        string message = await FailsAsync("QB5025", () => Push(file));

        Assert.Contains("large.bin", message);
        Assert.Contains("above 50 GB", message);
    }

    [Theory]
    [InlineData("""{"transfer":"xet","objects":[]}""")]
    [InlineData("""{"objects":[]}""")]
    [InlineData("""{"objects":[{"oid":"0000","size":1}]}""")]
    [InlineData("""{"objects":[{"oid":"DIGEST","size":70000,"actions":{"upload":{"href":"http://example.org/x"}}}]}""")]
    [InlineData("""{"objects":[{"oid":"DIGEST","size":70000,"actions":{"upload":{"href":"https://example.org/x","header":{"chunk_size":"10","1":"https://example.org/1"}}}}]}""")]
    [InlineData("""{"objects":[{"oid":"DIGEST","size":70000,"actions":{"upload":{"href":"https://example.org/x","header":{"chunk_size":"-5"}}}}]}""")]
    public async Task Answers_of_the_batch_call_that_make_no_sense_are_errors(string answer)
    {
        Server.Add(Name);
        HubFile file = Random("large.bin", 70_000);
        Server.Fail(request => request.Path.Contains("objects/batch"), Fault.Answer(200, answer.Replace("DIGEST", file.Digest.ToString())));

        await FailsAsync("QB5013", () => Push(file));
    }

    [Theory]
    [InlineData("/part/")]
    [InlineData("/objects/batch")]
    [InlineData("/commit/")]
    public async Task A_quota_that_is_used_up_is_told_at_once_and_nothing_is_committed(string at)
    {
        Repository repository = Server.Add(Name);
        Server.Fail(request => request.Path.Contains(at, StringComparison.Ordinal),
            Fault.Answer(507, """{"error":"Storage quota exceeded"}"""), times: 9);
        using HubClient client = Connect(options => options with { Parallel = 1 });
        UploadPlan plan =
            await HubUpload.PlanAsync(client, Id, "main", [HubFile.FromDisk("large.bin", Write("large.bin", 3 << 20), ct: Ct)], Ct);

        await FailsAsync("QB5025", () => HubUpload.RunAsync(client, plan, ("large", ""), ct: Ct));

        Assert.Single(Server.To(at));
        Assert.Empty(repository.Main.Files);
    }

    [Fact]
    public async Task A_token_without_rights_is_told_so()
    {
        Server.Add(Name);
        Server.Fail(request => request.Path.Contains("/preupload/"), Fault.Answer(403, """{"error":"read-only token"}"""));

        Assert.Contains("read-only token", await FailsAsync("QB5003", () => Push(HubFile.FromBytes("a", [1]))));
    }

    [Fact]
    public async Task A_server_that_wants_a_large_file_inside_the_commit_is_not_given_it_in_memory()
    {
        Server.Add(Name);
        string path = PathTo("huge.bin");
        await using (FileStream sparse = File.Create(path))
            sparse.SetLength(65 * MiB);
        Server.LargeFrom = 100 * MiB;

        Assert.Contains("inside the commit", await FailsAsync("QB5013", () => Push(HubFile.FromDisk("huge.bin", path, ct: Ct))));
    }
}
