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
        JsonNode item = await HubJson.ReadAsync(transport, request, response, answer =>
        {
            string transfer = answer["transfer"]?.GetValue<string>() ?? "basic";
            if (transfer is not ("basic" or "multipart"))
                throw new FormatException($"it chooses the transfer '{transfer}', which was not offered");
            JsonNode found = answer["objects"]!.AsArray().Single()!;
            return found["oid"]!.GetValue<string>() == file.Digest.ToString()
                ? found
                : throw new FormatException("it is about another object");
        }, ct);
        if (item["error"] is JsonObject error)
            throw Refusal(texts, file, error, id);
        return HubJson.Read(transport, request, item, id, node => Action(transport, node, file));
    }

    private static DiagnosticException Refusal(ServerText texts, HubFile file, JsonObject error, string id)
    {
        int code = error["code"] is JsonValue number && number.TryGetValue(out int value) ? value : 0;
        string said = error["message"] is JsonValue text && text.TryGetValue(out string? given) ? given : "no reason given";
        string message = texts.Of(said);
        return new DiagnosticException(code is 413 or 422 or 507
            ? Descriptors.HubTooLarge.At(null, file.Path, message, id)
            : Descriptors.HubRefused.At(null, $"'{file.Path}'", code, message, id));
    }

    private static LfsAction? Action(HubTransport transport, JsonNode item, HubFile file)
    {
        if (item["actions"] is not JsonObject actions || actions["upload"] is not JsonObject upload)
            return null;
        var headers = (upload["header"] as JsonObject ?? []).ToDictionary(header => header.Key, header => header.Value!.ToString(),
            StringComparer.OrdinalIgnoreCase);
        Uri address = AddressIn(upload);
        Uri? verify = actions["verify"] is JsonObject check ? transport.OnEndpoint(AddressIn(check)) : null;
        if (!headers.TryGetValue("chunk_size", out string? chunk))
            return new LfsAction(address, [.. headers], verify, 0, []);
        long partSize = long.Parse(chunk, NumberStyles.None, CultureInfo.InvariantCulture);
        ImmutableArray<Uri> parts = [.. headers
            .Where(header => header.Key.All(char.IsAsciiDigit))
            .OrderBy(header => int.Parse(header.Key, CultureInfo.InvariantCulture))
            .Select(header => new Uri(header.Value, UriKind.Absolute))];
        if (partSize <= 0 || parts.Length != (file.Size + partSize - 1) / partSize)
            throw new FormatException($"it gives {parts.Length} parts of {partSize} bytes for {file.Size} bytes");
        return new LfsAction(transport.OnEndpoint(address), [], verify, partSize, parts);
    }

    private static Uri AddressIn(JsonNode action)
    {
        var address = new Uri(action["href"]!.GetValue<string>(), UriKind.Absolute);
        return address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback)
            ? address : throw new FormatException("an address is neither https nor on this machine");
    }
}
