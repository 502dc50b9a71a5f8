using System.IO.Compression;
using System.Text;
using QuantBuild.Build.Tests.Infrastructure;

namespace QuantBuild.Build.Tests.Build;

public sealed class BinaryLogTests
{
    [Fact]
    public void A_binary_log_has_the_command_line_the_lock_file_and_the_report_and_no_secret()
    {
        using var project = new ModelProject();

        project.DotNet("build", "-bl:build.binlog").Expect(0);

        string log = Unpacked(project.Model["build.binlog"]);
        Assert.Contains("reduced.rsp", log, StringComparison.Ordinal);
        Dictionary<string, string> embedded = Embedded(project.Model["build.binlog"]);
        Assert.Superset(
            new HashSet<string>(["reduced.rsp", "reduced.quant.lock.json", "artifact.json", "quality.json", "reduced.report.html"]),
                embedded.Keys.ToHashSet());
        Assert.Contains("\"--outputs-file\"", embedded["reduced.rsp"], StringComparison.Ordinal);
        Assert.All(embedded.Values.Append(log), text => Assert.DoesNotContain("secretOfTheTests", text, StringComparison.Ordinal));
    }

    private static string Unpacked(string binlog) => Encoding.UTF8.GetString(Bytes(binlog));

    /// <summary>The files in a log, by name: it ends with a zip archive.</summary>
    private static Dictionary<string, string> Embedded(string binlog)
    {
        byte[] bytes = Bytes(binlog);
        int start = bytes.AsSpan().IndexOf("PK\u0003\u0004"u8);
        Assert.True(start >= 0);
        using var archive = new ZipArchive(new MemoryStream(bytes[start..]));
        var files = new Dictionary<string, string>();
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            using var reader = new StreamReader(entry.Open());
            files[entry.FullName[(entry.FullName.LastIndexOfAny(['/', '\\']) + 1)..]] = reader.ReadToEnd();
        }
        return files;
    }

    private static byte[] Bytes(string binlog)
    {
        using var unpacked = new MemoryStream();
        using (var gzip = new GZipStream(File.OpenRead(binlog), CompressionMode.Decompress))
            gzip.CopyTo(unpacked);
        return unpacked.ToArray();
    }
}
