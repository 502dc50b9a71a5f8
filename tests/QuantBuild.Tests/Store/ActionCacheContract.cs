using QuantBuild.Compiler.Store;

namespace QuantBuild.Tests.Store;

/// <summary>What every store of actions does.</summary>
public abstract class ActionCacheContract : StoreContract
{
    private static async Task<ActionRecord> Record(IBlobStore store, string name, params string[] outputs)
    {
        var blobs = new Dictionary<string, BlobRef>();
        foreach (string output in outputs)
            blobs.Add(output, await Put(store, System.Text.Encoding.UTF8.GetBytes($"{output} of {name}")));
        return new ActionRecord(Digest.Of(System.Text.Encoding.UTF8.GetBytes(name)), "Gptq", blobs, 1.25, "0.1.0",
            new() { ["layer"] = name, ["damp"] = 0.01 });
    }

    [Fact]
    public async Task A_record_comes_back_as_it_went_in_after_the_store_was_opened_again()
    {
        ActionRecord record;
        await using (OpenedStore store = Open())
        {
            record = await Record(store.Blobs, "blocks.0.ffn.2", "weights", "outcome");
            await store.Actions.PutAsync(record, Ct);
        }

        await using OpenedStore again = Open();
        ActionRecord? found = await again.Actions.FindAsync(record.Key, Ct);

        Assert.NotNull(found);
        Assert.Equal(record.ToJson(_ => null), found.ToJson(_ => null));
    }

    [Fact]
    public async Task A_record_without_outputs_is_a_record()
    {
        await using OpenedStore store = Open();
        ActionRecord record = await Record(store.Blobs, "nothing");
        await store.Actions.PutAsync(record, Ct);

        Assert.Empty((await store.Actions.FindAsync(record.Key, Ct))!.Outputs);
    }

    [Fact]
    public async Task An_unknown_key_is_a_miss()
    {
        await using OpenedStore store = Open();
        await store.Actions.PutAsync(await Record(store.Blobs, "known", "x"), Ct);

        Assert.Null(await store.Actions.FindAsync(Digest.Of("nothing"u8), Ct));
    }

    [Fact]
    public async Task The_last_of_two_records_of_a_key_wins()
    {
        await using OpenedStore store = Open();
        ActionRecord record = await Record(store.Blobs, "a", "x");

        await store.Actions.PutAsync(record, Ct);
        await store.Actions.PutAsync(record with { Seconds = 2 }, Ct);

        Assert.Equal(2, (await store.Actions.FindAsync(record.Key, Ct))!.Seconds);
    }

    [Fact]
    public async Task Many_that_put_and_find_one_record_see_it_whole_or_not_at_all()
    {
        Assert.SkipWhen(WritesInPlace is not null, WritesInPlace ?? "");
        await using OpenedStore store = Open();
        ActionRecord record = await Record(store.Blobs, "a", "x");

        await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Ct }, async (i, _) =>
        {
            if (i % 2 == 0)
                await store.Actions.PutAsync(record with { Seconds = i }, Ct);
            else if (await store.Actions.FindAsync(record.Key, Ct) is { } seen)
                Assert.Equal(record.Outputs["x"], Assert.Single(seen.Outputs).Value);
        });

        Assert.NotNull(await store.Actions.FindAsync(record.Key, Ct));
    }
}
