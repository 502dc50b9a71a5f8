using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;

namespace QuantBuild.Compiler.Hub;

/// <summary>The batch call of the LFS protocol: where does this file go?</summary>
internal static class LfsBatch
{
    /// <summary>Asks for one file. One at a time, because the addresses expire, and the file before may take hours.</summary>
    /// <returns>Where to send it; null when the Hub has it.</returns>
    public static async Task<LfsAction?> AskAsync(HubTransport transport, RepoId repository, string? branch, HubFile file,
        CancellationToken ct)
    {
        var body = new JsonObject
        {
            ["operation"] = "upload",
            ["transfers"] = new JsonArray("basic", "multipart"),
            ["hash_algo"] = "sha256",
            ["objects"] = new JsonArray(new JsonObject { ["oid"] = file.Digest.ToString(), ["size"] = file.Size }),
        };
        if (branch is not null)
            body["ref"] = new JsonObject { ["name"] = branch };
        var request = new HubRequest(HttpMethod.Post, transport.Address($"{repository}.git/info/lfs/objects/batch"),
            $"asking where '{file.Path}' goes")
        {
            Content = () => HubJson.Body(body, HubJson.Lfs),
            Headers = [KeyValuePair.Create("Accept", HubJson.Lfs)],
            Repository = repository,
        };
        using HttpResponseMessage response = await transport.SendAsync(request, ct);
        ServerText texts = transport.TextOf(request);
        string id = texts.IdOf(response);
        LfsAnswer answer = await HubJson.ReadAsync(transport, request, response, json => LfsAnswer.FromJson(json) is var read
            && read.Id == file.Digest.ToString() ? read : throw new FormatException("it is about another object"), ct);
        if (answer.Fault is { } fault)
            throw Refused(texts, file, fault, id);
        return HubJson.Read(transport, request, id, () => Action(transport, answer, file));
    }

    private static DiagnosticException Refused(ServerText texts, HubFile file, LfsAnswer.Refusal fault, string id)
    {
        string message = texts.Of(fault.Message);
        return new DiagnosticException(fault.Code is 413 or 422 or 507
            ? Descriptors.HubTooLarge.At(null, file.Path, message, id)
            : Descriptors.HubRefused.At(null, $"'{file.Path}'", fault.Code, message, id));
    }

    private static LfsAction? Action(HubTransport transport, LfsAnswer answer, HubFile file)
    {
        if (answer.Upload is not { } upload)
            return null;
        Uri? verify = answer.Verify is { } check ? transport.OnEndpoint(check.Address) : null;
        if (!upload.Headers.TryGetValue("chunk_size", out string? chunk))
            return new LfsAction(upload.Address, [.. upload.Headers], verify, 0, []);
        long partSize = long.Parse(chunk, NumberStyles.None, CultureInfo.InvariantCulture);
        ImmutableArray<Uri> parts = [.. upload.Headers
            .Where(header => header.Key.All(char.IsAsciiDigit))
            .OrderBy(header => int.Parse(header.Key, CultureInfo.InvariantCulture))
            .Select(header => new Uri(header.Value, UriKind.Absolute))];
        if (partSize <= 0 || parts.Length != (file.Size + partSize - 1) / partSize)
            throw new FormatException($"it gives {parts.Length} parts of {partSize} bytes for {file.Size} bytes");
        return new LfsAction(transport.OnEndpoint(upload.Address), [], verify, partSize, parts);
    }
}
