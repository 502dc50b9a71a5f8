using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

/// <summary>Workers that share a build.</summary>
public sealed class WorkTests
{
    private const int Workers = 3, TryAgain = 75;

    private static Outcome Work(ReducedModel model, string shard, string until, params string[] stores) => Tool.Run(model.Folder,
        ["work", model.Manifest, "--shard", shard, "--until", until, "--log", "json", .. stores]);

    [Fact]
    public void Workers_with_stores_of_their_own_do_everything_once_and_the_build_after_them_only_packs()
    {
        using var model = new ReducedModel();
        model.Write(ReducedModel.Text(samples: 2));
        model.Build("--out", model["alone"], "--store", model["store alone"]).Expect(0);
        Directory.CreateDirectory(model["remote"]);
        string address = new Uri(model["remote"]).AbsoluteUri;
        var ran = new List<ActionLine>();
        foreach (string until in (string[])["calibrate", "layers"])
        {
            for (int i = 0; i < Workers; i++)
            {
                ran.AddRange(ActionLine.Parse(Work(model, $"{i}/{Workers}", until, "--store", model[$"store {i}"], "--remote", address)
                    .Expect(0)).Where(action => action.Ran));
            }
        }

        ActionLine[] packed = ActionLine.Parse(
            model.Build("--out", model["packed"], "--store", model["store packed"], "--remote", address, "--no-report").Expect(0));

        Assert.All(packed.Where(action => action.Ran), action => Assert.Equal("Pack", action.Stage));
        Assert.Equal(2, packed.Count(action => action.Ran));
        Assert.Equal(ReducedModel.Bytes(model["alone"]), ReducedModel.Bytes(model["packed"]));
        Assert.Equal(2, ran.Count(action => action.Stage == "Trajectory"));
        Assert.Equal(ran.Count, ran.DistinctBy(action => action.Key).Count());
        // No worker had everything.
        Assert.All(Enumerable.Range(0, Workers), i => Assert.DoesNotContain(ActionLine.Parse(
            Work(model, $"{i}/{Workers}", "layers", "--store", model["store packed"], "--remote", address).Expect(0)), action =>
                action.Ran));
    }

    [Fact]
    public void A_worker_that_begins_before_calibration_is_done_says_so_and_can_be_started_again()
    {
        using var model = new ReducedModel();
        model.Write(ReducedModel.Text(samples: 2));
        string[] store = ["--store", model.Store];

        Assert.Contains("QB4100", Work(model, "0/2", "layers", store).Expect(TryAgain).Out, StringComparison.Ordinal);
        Work(model, "1/2", "calibrate", store).Expect(0);
        Work(model, "0/2", "layers", store).Expect(0);
        Work(model, "1/2", "layers", store).Expect(0);

        Assert.All(ActionLine.Parse(model.Build(store).Expect(0)).Where(action => action.Ran), action =>
            Assert.Equal("Pack", action.Stage));
    }

    [Fact]
    public void A_worker_whose_results_did_not_arrive_is_not_done_and_writes_them_when_it_is_started_again()
    {
        using var model = new ReducedModel();
        string[] stores = ["--store", model.Store, "--remote", new Uri(model["remote"]).AbsoluteUri];

        Assert.Contains("QB4097", Work(model, "0/1", "layers", stores).Expect(TryAgain).Out, StringComparison.Ordinal);
        Directory.CreateDirectory(model["remote"]);
        Assert.DoesNotContain(ActionLine.Parse(Work(model, "0/1", "layers", stores).Expect(0)), action => action.Ran);

        ActionLine[] elsewhere = ActionLine.Parse(model.Build(["--remote", stores[^1], "--store", model["elsewhere"]]).Expect(0));
        Assert.All(elsewhere.Where(action => action.Ran), action => Assert.Equal("Pack", action.Stage));
        Assert.Contains("QB4097", model.Build("--remote", new Uri(model["not there"]).AbsoluteUri, "--remote-required").Expect(1).Out,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_is_told_which_one_it_is_by_a_scheduler()
    {
        using var model = new ReducedModel();
        Dictionary<string, string?> slurm = new() { ["SLURM_ARRAY_TASK_ID"] = "0", ["SLURM_ARRAY_TASK_COUNT"] = "1" };

        Outcome outcome = Tool.Run(model.Folder, slurm, "work", model.Manifest, "--store", model.Store).Expect(0);

        Assert.Contains("shard 0/1: 1 sample, 4 layers; ", outcome.Out, StringComparison.Ordinal);
        Tool.Run(model.Folder, "work", model.Manifest, "--store", model.Store).Expect(2);
    }
}
