using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;
using QuantBuild.Text;

namespace QuantBuild.Tests.SafeTensors;

/// <summary>Files that are not what their names say are called what they are.</summary>
public sealed class ForeignFileTests : IDisposable
{
    private const string Pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize "
            + "9912345678\n";
    private const string Page = "\r\n<!DOCTYPE html><html><head><title>Log in</title></head></html>";

    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-foreign-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static byte[] Gzip(byte[] content)
    {
        using var result = new MemoryStream();
        using (var packed = new GZipStream(result, CompressionLevel.Fastest))
            packed.Write(content);
        return result.ToArray();
    }

    private static byte[] Zip(string entry)
    {
        using var result = new MemoryStream();
        using (var archive = new ZipArchive(result, ZipArchiveMode.Create))
        {
            using Stream content = archive.CreateEntry(entry).Open();
            content.Write(new byte[2000]);
        }
        return result.ToArray();
    }

    private static byte[] Tar()
    {
        using var result = new MemoryStream();
        using (var archive = new TarWriter(result, TarEntryFormat.Ustar, leaveOpen: true))
            archive.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile,
                "model.safetensors") { DataStream = new MemoryStream(new byte[100]) });
        return result.ToArray();
    }

    private static byte[] Padded(params byte[] start) => [.. start, .. Enumerable.Range(0, 2000).Select(i => (byte)(i * 37))];

    public static TheoryData<string, byte[]> Kinds => new()
    {
        { "a Git LFS pointer, not the file itself: run `git lfs pull`", Encoding.UTF8.GetBytes(Pointer) },
        { "a Xet pointer", "# xet version 0\nfilesize = 5\nhash = 'ab'\n"u8.ToArray() },
        { "an HTML page", Encoding.UTF8.GetBytes(Page) },
        { "an HTML page", Encoding.UTF8.GetBytes("\ufeff<html lang=\"en\">" + new string(' ', 3000)) },
        { "XML, such as the error of a storage server", "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"u8.ToArray() },
        { "text that begins 'Repository not found'", "Repository not found"u8.ToArray() },
        { "JSON text", "{\"error\":\"Access denied, please log in\"}"u8.ToArray() },
        { "the index of a sharded checkpoint: name its folder", "{\n  \"metadata\": {},\n  \"weight_map\": {} }"u8.ToArray() },
        { "a PyTorch file", Zip("archive/data.pkl") },
        { "a zip archive", Zip("notes.txt") },
        { "a Python pickle", Padded(0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20) },
        { "a Python pickle", Padded(0x80, 0x04, 0x95) },
        { "a GGUF file", Padded([.. "GGUF"u8, 3, 0, 0, 0, 1]) },
        { "a gzip archive", Gzip(new byte[5000]) },
        { "a tar archive", Tar() },
        { "a zstd archive", Padded(0x28, 0xb5, 0x2f, 0xfd) },
        { "an HDF5 file", Padded([0x89, .. "HDF\r\n\u001a\n"u8]) },
        { "a NumPy array", Padded([0x93, .. "NUMPY"u8, 1, 0]) },
        { "a picture (PNG)", Padded([0x89, .. "PNG\r\n\u001a\n"u8]) },
        { "a file of zero bytes alone", new byte[4096] },
        { "an empty file", [] },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_file_in_the_place_of_weights_is_named(string kind, byte[] content)
    {
        string path = Path.Combine(_folder, "model.safetensors");
        File.WriteAllBytes(path, content);

        SafeTensorsException failure = Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.Open(path));

        Assert.StartsWith($"this is no safetensors file but {kind}", failure.Reason);
        Assert.Contains(kind, Assert.Throws<SafeTensorsException>(() => ShardedCheckpoint.Open(_folder, "model")).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x8b1f)]
    [InlineData(0x0280)]
    [InlineData(0xfeff)]
    [InlineData(0x685a42)]
    public void A_header_that_is_cut_off_is_not_taken_for_something_else(int length)
    {
        byte[] file = [.. BitConverter.GetBytes((long)length), .. "{\"a\":{"u8];

        Assert.Contains("the header claims", Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.FromMemory(file)).Reason,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Null_is_no_metadata_as_in_the_reference_implementation()
    {
        using SafeTensorsFile file =
            SafeTensorsFile.FromMemory(RawFile.Of("""{"__metadata__":null,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1));

        Assert.Empty(file.Metadata);
        Assert.Single(file.Tensors);
        Assert.Throws<SafeTensorsException>(() =>
            SafeTensorsFile.FromMemory(RawFile.Of("""{"__metadata__":null,"__metadata__":null}""", 0)));
        Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.FromMemory(RawFile.Of("""{"a":null}""", 0)));
        Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.FromMemory(RawFile.Of("""{"__metadata__":[]}""", 0)));
    }

    [Theory]
    [InlineData(Pointer, "a Git LFS pointer")]
    [InlineData(Page, "an HTML page")]
    [InlineData("Invalid username or password.", "text that begins 'Invalid username or password.'")]
    [InlineData("", "an empty file")]
    public void So_is_a_file_in_the_place_of_a_configuration_a_tokenizer_or_an_index(string content, string kind)
    {
        string path = Path.Combine(_folder, "model.safetensors.index.json");
        File.WriteAllText(path, content);

        Assert.Contains($"this is no JSON but {kind}", Assert.Throws<InvalidDataException>(() => WanConfig.Load(path)).Message,
            StringComparison.Ordinal);
        Assert.Contains($"this is no JSON but {kind}", Assert.Throws<InvalidDataException>(() => TextEncoderConfig.Load(path)).Message,
            StringComparison.Ordinal);
        Assert.Contains($"this is no JSON but {kind}", Assert.Throws<InvalidDataException>(() => TokenizerJson.Read(path)).Message,
            StringComparison.Ordinal);
        Assert.Contains($"this is no JSON but {kind}",
            Assert.Throws<SafeTensorsException>(() => ShardedCheckpoint.Open(_folder, "model")).Message, StringComparison.Ordinal);
        Assert.Contains($"this is no SentencePiece model but {kind}",
            Assert.Throws<InvalidDataException>(() => SentencePieceModel.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_json_stays_broken_json()
    {
        string path = Path.Combine(_folder, "config.json");
        File.WriteAllText(path, "{ \"dim\": 1, }");

        Assert.Contains("not valid JSON", Assert.Throws<InvalidDataException>(() => WanConfig.Load(path)).Message,
            StringComparison.Ordinal);
    }
}
