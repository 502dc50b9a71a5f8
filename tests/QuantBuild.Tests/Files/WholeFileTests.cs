using QuantBuild.Compiler.Processes;
using QuantBuild.Compiler.Store;
using QuantBuild.Files;
using QuantBuild.Imaging;
using QuantBuild.SafeTensors;
using QuantBuild.Tool.Text;
using QuantBuild.Tool.Videos;
using FileKind = QuantBuild.Files.FileKind;

namespace QuantBuild.Tests.Files;

public sealed class WholeFileTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("quantbuild-").FullName;

    public WholeFileTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "devices are no files there");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    public static TheoryData<string> Writers => ["text", "bytes", "append", "by path", "list", "picture", "video", "tensors"];

    [Theory]
    [MemberData(nameof(Writers))]
    public void A_link_to_a_device_stays_and_the_device_is_written_to(string writer)
    {
        string link = PathTo("link.png");
        File.CreateSymbolicLink(link, "/dev/null");

        Write(writer, link);

        Assert.Equal("/dev/null", new FileInfo(link).LinkTarget);
        Assert.Equal(FileKind.Special, FileKinds.Of(link));
        Assert.Equal([link], Directory.EnumerateFileSystemEntries(_root));
    }

    [Theory]
    [MemberData(nameof(Writers))]
    public void A_device_is_written_to_and_not_replaced(string writer)
    {
        string device = PathTo("device.png");
        Assert.SkipUnless(ProgramProcess.Run("mknod", TimeSpan.FromSeconds(20), device, "c", "1", "3") is { ExitCode: 0 },
            "only root makes devices");

        Write(writer, device);

        Assert.Equal(FileKind.Special, FileKinds.Of(device));
        Assert.Equal([device], Directory.EnumerateFileSystemEntries(_root));
    }

    [Theory]
    [MemberData(nameof(Writers))]
    public async Task A_pipe_gets_the_content(string writer)
    {
        string pipe = PathTo("pipe.png"), file = PathTo("file.png");
        Assert.SkipUnless(ProgramProcess.Run("mkfifo", TimeSpan.FromSeconds(20), pipe) is { ExitCode: 0 }, "no pipes with names here");
        Write(writer, file);

        Task<byte[]> reader = Task.Run(() => File.ReadAllBytes(pipe), TestContext.Current.CancellationToken);
        Write(writer, pipe);

        Assert.Equal(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken), await reader);
        Assert.Equal(FileKind.Special, FileKinds.Of(pipe));
    }

    [Fact]
    public void A_full_device_is_a_diagnostic() =>
        Assert.Contains("QB4003",
            Assert.Throws<QuantBuild.Compiler.Diagnostics.DiagnosticException>(() => OutputFile.Write("/dev/full", "text")).Message,
                StringComparison.Ordinal);

    [Fact]
    public void A_link_to_a_file_stays_and_the_file_is_replaced()
    {
        File.WriteAllText(PathTo("target"), "old");
        File.CreateSymbolicLink(PathTo("first"), "target");
        File.CreateSymbolicLink(PathTo("second"), PathTo("first"));

        OutputFile.Write(PathTo("second"), "new");

        Assert.Equal("new", File.ReadAllText(PathTo("target")));
        Assert.Equal("target", new FileInfo(PathTo("first")).LinkTarget);
        Assert.Equal(3, Directory.EnumerateFileSystemEntries(_root).Count());
    }

    [Fact]
    public void A_link_to_itself_is_a_diagnostic()
    {
        File.CreateSymbolicLink(PathTo("a"), PathTo("b"));
        File.CreateSymbolicLink(PathTo("b"), PathTo("a"));

        Assert.Throws<QuantBuild.Compiler.Diagnostics.DiagnosticException>(() => OutputFile.Write(PathTo("a"), "text"));
    }

    private string PathTo(string name) => Path.Combine(_root, name);

    private static void Write(string writer, string path)
    {
        var picture = new Image(2, 2, new byte[12]);
        switch (writer)
        {
            case "text": OutputFile.Write(path, "text"); break;
            case "bytes": OutputFile.Write(path, new byte[] { 1, 2, 3 }); break;
            case "append": OutputFile.Append(path, "text"); break;
            case "by path": OutputFile.WriteBy(path, temporary => File.WriteAllText(temporary, "text")); break;
            case "list": FileList.Write(path, ["a", "b"]); break;
            case "picture": VideoFile.WritePicture(path, picture); break;
            case "video": VideoFile.Check(path); VideoFile.Write(path, [picture, picture], 16, CancellationToken.None); break;
            case "tensors": SafeTensorsWriter.Write(path, [new TensorData("a", DType.U8, [3], stream => stream.Write([1, 2, 3]))]); break;
            default: throw new ArgumentOutOfRangeException(nameof(writer), writer, "no such writer");
        }
    }
}
