using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace QuantBuild.HubServer;

/// <summary>The storage's calls. It knows no users: who has an address may use it, and who sends a token to it has leaked one.</summary>
internal sealed class StorageCalls(HubServer server, HttpContext context, Traffic traffic)
{
    public async Task RunAsync()
    {
        string[] parts = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (context.Request.Query["secret"] != "signature" || (parts.Length > 1 && server.ExpiredUploads.ContainsKey(parts[1])))
            context.Response.StatusCode = 403;
        else if (parts is ["basic", _, var digest] && context.Request.Method == "PUT")
            await PutWholeAsync(digest);
        else if (parts is ["part", var upload, var number] && context.Request.Method == "PUT")
            await PutPartAsync(upload, number);
        else if (parts is ["object", var stored] && File.Exists(server.ObjectPath(stored)))
        {
            context.Response.Headers.ETag = $"\"{stored}\"";
            await SendAsync(context, File.OpenRead(server.ObjectPath(stored)));
        }
        else
            context.Response.StatusCode = 404;
    }

    /// <summary>Answers with a stretch of a stream, as Range asks.</summary>
    public static async Task SendAsync(HttpContext context, Stream content)
    {
        await using (content)
        {
            long from = 0, to = content.Length - 1;
            if (context.Request.Headers.Range.FirstOrDefault() is { } range && range.StartsWith("bytes=", StringComparison.Ordinal))
            {
                string[] ends = range[6..].Split('-');
                from = long.Parse(ends[0], CultureInfo.InvariantCulture);
                if (ends[1].Length > 0)
                    to = Math.Min(to, long.Parse(ends[1], CultureInfo.InvariantCulture));
                if (from >= content.Length)
                {
                    context.Response.StatusCode = 416;
                    context.Response.Headers.ContentRange = $"bytes */{content.Length}";
                    return;
                }
                context.Response.StatusCode = 206;
                context.Response.Headers.ContentRange = $"bytes {from}-{to}/{content.Length}";
            }
            context.Response.ContentLength = to - from + 1;
            if (context.Request.Method == "HEAD")
                return;
            content.Position = from;
            var chunk = new byte[1 << 16];
            for (long left = to - from + 1; left > 0;)
            {
                int read = await content.ReadAsync(chunk.AsMemory(0, (int)Math.Min(left, chunk.Length)));
                await context.Response.Body.WriteAsync(chunk.AsMemory(0, read));
                left -= read;
            }
        }
    }

    private async Task PutWholeAsync(string digest)
    {
        string path = Path.Combine(server.Folder, Guid.NewGuid().ToString("N") + ".incoming");
        string actual = await ReceiveAsync(path);
        if (actual == digest)
            File.Move(path, server.ObjectPath(digest), overwrite: true);
        else
            context.Response.StatusCode = 400;
    }

    private async Task PutPartAsync(string upload, string number)
    {
        string folder = Path.Combine(server.Folder, upload);
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, Guid.NewGuid().ToString("N") + ".incoming");
        string tag = $"\"{(await ReceiveAsync(path))[..32]}\"";
        await File.WriteAllTextAsync(Path.Combine(folder, number + ".tag"), tag);
        File.Move(path, Path.Combine(folder, number), overwrite: true);
        context.Response.Headers.ETag = tag;
    }

    private async Task<string> ReceiveAsync(string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using FileStream file = File.Create(path);
        var chunk = new byte[1 << 16];
        for (int read; (read = await context.Request.Body.ReadAsync(chunk)) > 0;)
        {
            traffic.Received += read;
            hash.AppendData(chunk, 0, read);
            await file.WriteAsync(chunk.AsMemory(0, read));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
