using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Command;

public sealed class SameBytesTests
{
    [Theory]
    [InlineData("1", "", "-")]
    [InlineData("2", "", "-")]
    [InlineData("3", "", "-")]
    [InlineData("0", "DOTNET_EnableAVX512", ", AVX-512")]
    [InlineData("0", "DOTNET_EnableAVX512 DOTNET_EnableAVXVNNI", ", AVX-512")]
    [InlineData("0", "DOTNET_EnableAVX2", ", AVX")]
    [InlineData("0", "DOTNET_EnableHWIntrinsic", ", AVX")]
    public void Artifacts_are_equal_for_any_number_of_threads_and_any_vector_width(string threads, string disabled, string missing)
    {
        using var reference = new ReducedModel();
        using var other = new ReducedModel();
        reference.Build().Expect(0);
        var environment =
            Environments.With([.. disabled.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => (name, (string?)"0"))]);

        // The runtime ignores switches it does not know: without this a renamed one would compare a build with itself.
        string processor = Assert.Single(Tool.Run(other.Folder, environment, ["doctor"]).Lines, line =>
            line.Contains(" processor  ", StringComparison.Ordinal));
        Assert.True(disabled.Length == 0 || !processor.Contains(missing, StringComparison.Ordinal), processor);
        Tool.Run(other.Folder, environment, other.Arguments("--threads", threads)).Expect(0);

        Assert.Equal(ReducedModel.Bytes(reference.Output), ReducedModel.Bytes(other.Output));
        Assert.Equal(File.ReadAllText(reference.Lock), File.ReadAllText(other.Lock));
    }
}
