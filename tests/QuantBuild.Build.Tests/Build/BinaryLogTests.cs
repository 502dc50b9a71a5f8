using System.IO.Compression;
using System.Text;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class BinaryLogTests
{
    [Fact]
    public void A_binary_log_has_the_command_line_and_the_lock_file_and_no_secret()
    {
        using var project = new ModelProject();

        project.DotNet("build", "-bl:build.binlog").Expect(0);

        string log = Unpacked(project.Model["build.binlog"]);
        Assert.Contains("reduced.rsp", log, StringComparison.Ordinal);
        Assert.Contains("--outputs-file", log, StringComparison.Ordinal);
        string[] embedded = Embedded(project.Model["build.binlog"]);
        Assert.Contains("reduced.rsp", embedded);
        Assert.Contains("reduced.quant.lock.json", embedded);
        Assert.Contains("artifact.json", embedded);
        Assert.DoesNotContain("secretOfTheTests", log, StringComparison.Ordinal);
    }

    private static string Unpacked(string binlog) => Encoding.UTF8.GetString(Bytes(binlog));

    /// <summary>Names of the files in a log: it ends with a zip archive.</summary>
    private static string[] Embedded(string binlog)
    {
        byte[] bytes = Bytes(binlog);
        int start = bytes.AsSpan().IndexOf("PK\u0003\u0004"u8);
        Assert.True(start >= 0);
        using var archive = new ZipArchive(new MemoryStream(bytes[start..]));
        return [.. archive.Entries.Select(entry => entry.FullName[(entry.FullName.LastIndexOfAny(['/', '\\']) + 1)..])];
    }

    private static byte[] Bytes(string binlog)
    {
        using var unpacked = new MemoryStream();
        using (var gzip = new GZipStream(File.OpenRead(binlog), CompressionMode.Decompress))
            gzip.CopyTo(unpacked);
        return unpacked.ToArray();
    }
}
