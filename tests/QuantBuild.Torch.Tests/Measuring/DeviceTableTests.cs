using System.Text.Json;

namespace QuantBuild.Torch.Tests.Measuring;

/// <summary>The device script as it would run beside a GPU, in small and on this processor.</summary>
public sealed class DeviceTableTests(DeviceTable device) : IClassFixture<DeviceTable>
{
    private const int MostBytes = 60_000_000;

    [Fact]
    public void It_publishes_less_than_sixty_megabytes_and_no_libtorch()
    {
        Assert.True(device.Result.Status == 0, device.Result.Said);
        FileInfo[] files = [.. new DirectoryInfo(DeviceTable.Published).EnumerateFiles("*", SearchOption.AllDirectories)];

        Assert.Equal(["libLibTorchSharp.so", "quantbuild-device"], files.Select(file => file.Name).Order(StringComparer.Ordinal));
        Assert.InRange(files.Sum(file => file.Length), 1, MostBytes);
    }

    [Fact]
    public void The_table_has_every_measurement_and_its_numbers_are_right_where_that_is_known()
    {
        (JsonElement[] results, JsonElement[] leftOut) = Read(device.Result.Table);

        string[] rows = [.. results.Select(result => Text(result, "row")).Distinct(StringComparer.Ordinal)];
        Assert.Equal(["machine", "parity", "linear", "quantizer", "attention", "repeat", "step", "step-4bit", "layer-square", "layer-wide",
            "layer-deep"], rows);
        // Only what a processor does not have.
        Assert.All(leftOut, left =>
            Assert.Equal(("plain operations", "one kernel"), (Text(left, "leftOut"), Text(left, "name").Split(',')[0])));
        Assert.Matches("^all 1[0-9]{3} found$", Symbols(results));
        Assert.All(results.Where(result => Text(result, "row") == "repeat"), result => Assert.Equal("same", Text(result, "value")));
        Assert.All(results.Where(result => Text(result, "name").StartsWith("layer of 4 bits", StringComparison.Ordinal)),
            result => Assert.InRange(result.GetProperty("value").GetDouble(), 1e-6, 3e-3));
        Assert.All(results.Where(result => result.TryGetProperty("unit", out JsonElement unit) && unit.GetString() is "s" or "TFLOP/s"
            or "GB/s"),
            result => Assert.InRange(result.GetProperty("value").GetDouble(), double.Epsilon, 1e3));
        foreach (string stage in (string[])["low rank", "GPTQ", "clip", "measure", "refit"])
            Assert.Equal(3, results.Count(result => Text(result, "name").StartsWith(stage + ", ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Another_libtorch_whose_symbols_are_missing_is_one_sentence()
    {
        (int status, string table, _) = await DeviceTable.MeasureAsync(Fake("other"));
        (JsonElement[] results, JsonElement[] leftOut) = Read(table);

        Assert.Equal(1, status);
        Assert.Equal("2.11", Text(Assert.Single(results, result => Text(result, "name") == "libtorch"), "value"));
        Assert.Matches("^[0-9]{3,} of 1[0-9]{3} missing$", Symbols(results));
        Assert.StartsWith("TorchSharp's library does not load with libtorch 2.11: ", Text(leftOut[0], "leftOut"), StringComparison.Ordinal);
        Assert.Contains("undefined symbol", Text(leftOut[0], "leftOut"), StringComparison.Ordinal);
        Assert.All(leftOut[1..], left => Assert.Equal("not tried, because machine was not possible", Text(left, "leftOut")));
        Assert.True(leftOut.Length > 10);
    }

    [Fact]
    public async Task A_crash_of_the_native_library_is_a_line_of_the_table()
    {
        (int status, string table, _) = await DeviceTable.MeasureAsync(Fake("crashing"), "--only", "machine,attention");
        (_, JsonElement[] leftOut) = Read(table);

        Assert.Equal((1, 2), (status, leftOut.Length));
        Assert.All(leftOut, left => Assert.StartsWith("it crashed by signal 6", Text(left, "leftOut"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_the_limit_leaves_no_time_for_is_listed()
    {
        (int status, string table, _) = await DeviceTable.MeasureAsync(DeviceTable.Natives, "--limit", "22", "--only",
            "machine,step,layer-deep");
        (JsonElement[] results, JsonElement[] leftOut) = Read(table);

        Assert.Equal(0, status);
        Assert.All(results, result => Assert.Equal("machine", Text(result, "row")));
        Assert.Equal(["step", "layer-deep"], leftOut.Select(left => Text(left, "row")));
        Assert.All(leftOut, left => Assert.EndsWith(" s of 22 were left", Text(left, "leftOut"), StringComparison.Ordinal));
    }

    private static string Symbols(JsonElement[] results) =>
        Text(Assert.Single(results, result => Text(result, "name") == "symbols of TorchSharp's library"), "value");

    private static string Fake(string name)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, "fakes", name);
        Assert.True(File.Exists(Path.Combine(folder, "libtorch_cpu.so")),
            "the build needs a C++ compiler, such as g++, for the tests' libraries");
        return folder;
    }

    private static (JsonElement[] Results, JsonElement[] LeftOut) Read(string table)
    {
        JsonElement document = JsonDocument.Parse(table).RootElement;
        return ([.. document.GetProperty("results").EnumerateArray()], [.. document.GetProperty("leftOut").EnumerateArray()]);
    }

    private static string Text(JsonElement line, string name) =>
        line.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
