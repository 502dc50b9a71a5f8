using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace QuantBuild.HubServer;

internal sealed partial class HubCalls
{
    private async Task BatchAsync()
    {
        var objects = new JsonArray();
        string transfer = "basic";
        foreach (JsonNode? item in (await BodyAsync())["objects"]!.AsArray())
        {
            string digest = item!["oid"]!.GetValue<string>();
            long size = item["size"]!.GetValue<long>();
            var answer = new JsonObject { ["oid"] = digest, ["size"] = size };
            objects.Add(answer);
            if (File.Exists(server.ObjectPath(digest)))
                continue;
            string upload = Guid.NewGuid().ToString("N");
            if (server.ExpiresAtOnce(upload))
                server.ExpiredUploads[upload] = true;
            var header = new JsonObject();
            string address = $"{server.Storage}basic/{upload}/{digest}?secret=signature";
            if (size > server.PartSize)
            {
                transfer = "multipart";
                long parts = (size + server.PartSize - 1) / server.PartSize;
                header["chunk_size"] = server.PartSize.ToString(CultureInfo.InvariantCulture);
                for (int part = 1; part <= parts; part++)
                    header[part.ToString("D5", CultureInfo.InvariantCulture)] = $"{server.Storage}part/{upload}/{part}?secret=signature";
                address = $"{server.Endpoint}complete/{upload}?parts={parts}";
            }
            answer["actions"] = new JsonObject
            {
                ["upload"] = new JsonObject { ["href"] = address, ["header"] = header },
                ["verify"] = new JsonObject { ["href"] = $"{server.Endpoint}verify" },
            };
        }
        await JsonAsync(new JsonObject { ["transfer"] = transfer, ["objects"] = objects });
    }

    private async Task CompleteAsync(string upload)
    {
        JsonNode body = await BodyAsync();
        string folder = Path.Combine(server.Folder, upload);
        if (server.ExpiredUploads.ContainsKey(upload) || !Directory.Exists(folder))
        {
            await ErrorAsync(404, "NoSuchUpload");
            return;
        }
        string joined = Path.Combine(server.Folder, upload + ".joined");
        using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
        {
            await using (FileStream output = File.Create(joined))
            {
                foreach (JsonNode? part in body["parts"]!.AsArray())
                {
                    string path = Path.Combine(folder, part!["partNumber"]!.GetValue<int>().ToString(CultureInfo.InvariantCulture));
                    if (!File.Exists(path) || await File.ReadAllTextAsync(path + ".tag") != part["etag"]!.GetValue<string>())
                    {
                        await ErrorAsync(400, "InvalidPart");
                        return;
                    }
                    await using FileStream input = File.OpenRead(path);
                    var chunk = new byte[1 << 20];
                    for (int read; (read = await input.ReadAsync(chunk)) > 0;)
                    {
                        hash.AppendData(chunk, 0, read);
                        await output.WriteAsync(chunk.AsMemory(0, read));
                    }
                }
            }
            if (Convert.ToHexStringLower(hash.GetHashAndReset()) != body["oid"]!.GetValue<string>())
            {
                await ErrorAsync(422, "the content has another digest");
                return;
            }
        }
        File.Move(joined, server.ObjectPath(body["oid"]!.GetValue<string>()), overwrite: true);
        Directory.Delete(folder, recursive: true);
        await JsonAsync(new JsonObject());
    }

    private async Task VerifyAsync()
    {
        JsonNode body = await BodyAsync();
        var file = new FileInfo(server.ObjectPath(body["oid"]!.GetValue<string>()));
        await (file.Exists && file.Length == body["size"]!.GetValue<long>()
            ? JsonAsync(new JsonObject())
            : ErrorAsync(404, "no such object"));
    }

    private async Task ResolveAsync(Repository repository, string revision, string path)
    {
        if (repository.Gated)
        {
            await ErrorAsync(403, $"Access to model {repository.Id} is restricted.", "GatedRepo");
            return;
        }
        if (repository.Find(revision) is not { } commit)
        {
            await NoRevisionAsync(revision);
            return;
        }
        _response.Headers["X-Repo-Commit"] = commit.Id;
        if (!commit.Files.TryGetValue(path, out Entry? entry))
        {
            await ErrorAsync(404, "Entry not found", "EntryNotFound");
        }
        else if (entry.LfsId is null)
        {
            _response.Headers.ETag = $"W/\"{entry.GitId}\"";
            await StorageCalls.SendAsync(context, new MemoryStream(entry.Content!));
        }
        else
        {
            _response.Headers["X-Linked-Size"] = entry.Size.ToString(CultureInfo.InvariantCulture);
            _response.Headers["X-Linked-Etag"] = $"\"{entry.LfsId}\"";
            _response.Headers.Location = $"{server.Storage}object/{entry.LfsId}?secret=signature";
            _response.StatusCode = 302;
        }
    }
}
