using System.Text.Json;

namespace QuantBuild.Compiler.Torch.Tests.Building;

/// <summary>Builds on machines that have another arithmetic than the one whose results are wanted.</summary>
public sealed class OtherMachineTests
{
    private const string Threads = "QUANTBUILD_TORCH_THREADS";

    [Fact]
    public async Task A_locked_build_takes_what_the_lock_names_and_says_what_is_missing()
    {
        using TorchProject project = new();
        project.Variables.Add(Threads, "1");
        Assert.Equal(0, (await project.BuildAsync()).Status);
        IReadOnlyDictionary<string, string> tensors = project.Tensors();

        // Another machine: its arithmetic has another name, and it has no libtorch.
        project.Variables[Threads] = "2";
        project.Variables[Natives.Variable] = "/nowhere";
        (int status, string said) = await project.BuildAsync("--locked");
        Assert.Equal(0, status);
        Assert.Contains("0 actions ran", said, StringComparison.Ordinal);
        Assert.Equal(tensors, project.Tensors());

        // Unlocked it wants results of its own.
        Assert.Contains("error QB3240", (await project.BuildAsync()).Said, StringComparison.Ordinal);

        Remove(project.Store, "Gptq");
        (status, said) = await project.BuildAsync("--locked");
        Assert.Equal(1, status);
        Assert.Matches(
            "error QB3245: Gptq (high|low)_noise blocks[.]0[.][a-z_.0-9]+ of the arithmetic torch-2\\.10-cpu-[0-9a-f]+-t1 is not "
            + "in the store, and this machine has torch-2\\.10-cpu-[0-9a-f]+-t2", said);
    }

    [Fact]
    public async Task Results_of_a_named_profile_are_taken_from_a_store()
    {
        using TorchProject first = new() { Compute = """{ "model": "torch", "layers": "cpu", "device": "cpu" }""" };
        first.Variables.Add(Threads, "1");
        Assert.Equal(0, (await first.BuildAsync()).Status);
        using TorchProject second = new() { Compute = first.Compute, Store = first.Store, LibTorch = "/nowhere" };
        second.Variables.Add(Threads, "2");
        second.Variables.Add("QUANTBUILD_TORCH_PROFILE", first.Profile("model")[..^"-bf16".Length]);

        (int status, string said) = await second.BuildAsync();

        Assert.Equal(0, status);
        Assert.Contains("0 actions ran", said, StringComparison.Ordinal);
        Assert.Equal(first.Profile("model"), second.Profile("model"));
        Assert.Equal("cpu-1", second.Profile("layers"));
        Assert.Equal(first.Tensors(), second.Tensors());
    }

    /// <summary>Forgets a result of a stage.</summary>
    private static void Remove(string store, string stage) =>
        File.Delete(Directory.EnumerateFiles(Path.Combine(store, "actions"), "*", SearchOption.AllDirectories).First(file =>
        {
            using JsonDocument record = JsonDocument.Parse(File.ReadAllBytes(file));
            return record.RootElement.GetProperty("stage").GetString() == stage;
        }));
}
