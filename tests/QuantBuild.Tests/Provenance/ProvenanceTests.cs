using System.Collections.Immutable;
using System.Diagnostics;
using System.Text.Json.Nodes;
using QuantBuild.Artifacts;
using QuantBuild.Compiler.Actions;
using QuantBuild.Compiler.Artifacts;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Provenance;
using QuantBuild.Compiler.Store;
using QuantBuild.Tests.Artifacts;

namespace QuantBuild.Tests.Provenance;

public sealed class ProvenanceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quantbuild-provenance-").FullName;

    public ProvenanceTests() => new TestArtifact().Write(Out);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Out => Directory.CreateDirectory(Path.Combine(_folder, "out")).FullName;

    private string PathTo(string name) => Path.Combine(_folder, name);

    private static ImmutableArray<PackedFile> FilesOf(ArtifactExpert expert) =>
        [.. expert.Files.Select(file =>
            new PackedFile($"{expert.Directory}/{file.Name}", new BlobRef(Digest.Parse(file.Digest), file.Size)))];

    private LockFile Lock(string plan = "0000000000000000000000000000000000000000000000000000000000000000")
    {
        ArtifactDescriptor descriptor = ArtifactDescriptor.Parse(File.ReadAllBytes(Path.Combine(Out, "artifact.json")));
        return new LockFile("0.1.0", new ProfileNames("cpu-1", "cpu-1"), Digest.Parse(plan), [Digest.Of("sample"u8)],
            [.. descriptor.Experts.Select(expert => new LockedExpert(expert.Key, Digest.Of("checkpoint"u8), [], FilesOf(expert.Value)))]);
    }

    private byte[] State(string manifest = "{}", LockFile? lockFile = null) =>
        ProvenanceStatement.Create(File.ReadAllBytes(Path.Combine(Out, "artifact.json")),
        lockFile ?? Lock(), Digest.Of(System.Text.Encoding.UTF8.GetBytes(manifest)), ("quality.json", Digest.Of("quality"u8)));

    private void Save(byte[] statement) => File.WriteAllBytes(Path.Combine(Out, ProvenanceStatement.FileName), statement);

    private void Sign(byte[] statement, string key)
    {
        (byte[] signature, string id) = OpenSsl.Sign(Envelope.SignedBytes(statement), key);
        File.WriteAllBytes(Path.Combine(Out, Envelope.FileName), new Envelope(statement, id, signature).ToJson());
    }

    /// <summary>Makes a pair of keys with openssl itself.</summary>
    private (string Private, string Public) Keys(string name, params string[] kind)
    {
        string secret = PathTo(name + ".pem"), open = PathTo(name + ".pub.pem");
        OpenSslSays(["genpkey", .. kind, "-out", secret]);
        OpenSslSays(["pkey", "-in", secret, "-pubout", "-out", open]);
        return (secret, open);
    }

    private static void OpenSslSays(string[] arguments)
    {
        using Process process =
            Process.Start(new ProcessStartInfo("openssl", arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private string CodeOf(string? key = null) => ProvenanceCheck.Run(Out, key).Problems is [var first, ..] ? first.Descriptor.Code : "good";

    [Fact]
    public void Equal_builds_have_equal_statements_and_other_inputs_another_one()
    {
        Assert.Equal(State(), State());
        Assert.NotEqual(State(), State("{ }"));
    }

    [Fact]
    public void The_statement_has_the_form_of_in_toto_and_slsa()
    {
        JsonNode statement = JsonNode.Parse(State())!;

        Assert.Equal("https://in-toto.io/Statement/v1", statement["_type"]!.GetValue<string>());
        Assert.Equal("https://slsa.dev/provenance/v1", statement["predicateType"]!.GetValue<string>());
        JsonNode predicate = statement["predicate"]!;
        Assert.NotNull(predicate["buildDefinition"]!["buildType"]);
        Assert.Equal(Digest.Of("{}"u8).ToString(),
            predicate["buildDefinition"]!["externalParameters"]!["manifest"]!["sha256"]!.GetValue<string>());
        Assert.Equal(4, predicate["buildDefinition"]!["resolvedDependencies"]!.AsArray().Count);
        Assert.NotNull(predicate["runDetails"]!["builder"]!["id"]);
        string[] subjects = [.. statement["subject"]!.AsArray().Select(subject => subject!["name"]!.GetValue<string>())];
        Assert.Equal(["artifact.json", "high_noise_model/config.json", "high_noise_model/diffusion_pytorch_model.safetensors",
            "low_noise_model/config.json", "low_noise_model/diffusion_pytorch_model.safetensors"], subjects);
    }

    [Fact]
    public void A_statement_is_made_with_the_lock_of_its_own_build_only() =>
        Assert.Equal("QB5042",
            Assert.Throws<DiagnosticException>(() => State(lockFile: Lock(new string('1', 64)))).Diagnostics[0].Descriptor.Code);

    [Fact]
    public void A_byproduct_may_be_left_behind_but_not_be_another_one()
    {
        Save(State());
        File.WriteAllText(Path.Combine(Out, "quality.json"), "quality");
        Assert.Equal("good", CodeOf());

        File.WriteAllText(Path.Combine(Out, "quality.json"), "another");
        Assert.Equal("QB5042", CodeOf());
    }

    [Fact]
    public void A_signed_statement_beside_another_one_is_refused()
    {
        (string secret, string open) = Keys("key", "-algorithm", "ED25519");
        Sign(State(), secret);
        Save(State("other"));

        Assert.Equal("QB5042", CodeOf());
        Assert.Equal("QB5042", CodeOf(open));
    }

    [Fact]
    public void Signing_checks_the_files_first_and_names_the_key()
    {
        (string secret, string open) = Keys("key", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256");
        Save(State());

        string id = Signatures.Sign(Out, secret, cosign: false);

        Assert.Equal(id, ProvenanceCheck.Run(Out, open).Signer);
        File.AppendAllText(Path.Combine(Out, "low_noise_model", "config.json"), " ");
        Assert.Equal("QB4011",
            Assert.Throws<DiagnosticException>(() => Signatures.Sign(Out, secret, cosign: false)).Diagnostics[0].Descriptor.Code);
    }

    [Fact]
    public void Times_are_in_the_run_record_alone()
    {
        var run = new RunRecord(Guid.Empty, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(1), 1, 2);

        JsonNode record = JsonNode.Parse(run.ToJson(State()))!;

        Assert.Equal("1970-01-01T01:00:00Z", record["finishedOn"]!.GetValue<string>());
        Assert.Equal(Digest.Of(State()).ToString(), record["statement"]!["sha256"]!.GetValue<string>());
        Assert.DoesNotContain("startedOn", System.Text.Encoding.UTF8.GetString(State()));
        Assert.DoesNotContain(Environment.MachineName, record.ToJsonString());
    }

    [Theory]
    [InlineData("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")]
    [InlineData("-algorithm", "ED25519")]
    [InlineData("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")]
    public void What_openssl_signs_it_verifies(params string[] kind)
    {
        (string secret, string open) = Keys("key", kind);
        Sign(State(), secret);

        Assert.Equal("good", CodeOf(open));
    }

    [Fact]
    public void Another_key_another_statement_and_another_signature_are_refused()
    {
        (string secret, string open) = Keys("key", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256");
        (_, string stranger) = Keys("other", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256");
        Sign(State(), secret);
        string path = Path.Combine(Out, Envelope.FileName);
        Envelope good = Envelope.Parse(File.ReadAllBytes(path), path);

        Assert.Equal("QB5043", CodeOf(stranger));
        File.WriteAllBytes(path, (good with { Statement = [.. good.Statement, (byte)' '] }).ToJson());
        Assert.Equal("QB5043", CodeOf(open));
        File.WriteAllBytes(path, (good with { Signature = [.. good.Signature[..^1], (byte)~good.Signature[^1]] }).ToJson());
        Assert.Equal("QB5043", CodeOf(open));
        File.WriteAllText(path, "{}");
        Assert.Equal("QB5041", CodeOf(open));
    }

    /// <summary>
    /// cosign itself is rarely installed; a script with its command line and its way to write signatures stands in for it.
    /// </summary>
    [Fact]
    public void What_cosign_signs_with_a_key_in_a_file_openssl_verifies()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs a shell");
        (string secret, string open) = Keys("key", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256");
        string bin = Directory.CreateDirectory(PathTo("bin")).FullName, cosign = Path.Combine(bin, "cosign");
        File.WriteAllText(cosign, """
            #!/bin/sh
            case "$1" in
              sign-blob) openssl dgst -sha256 -sign "$5" "$8" | openssl base64 -A > "$7" ;;
              public-key) openssl pkey -in "$3" -pubout -out "$5" ;;
              verify-blob) openssl base64 -A -d -in "$6" -out "$6.raw" && openssl dgst -sha256 -verify "${4#test://}" -signature "$6.raw" "$7" ;;
              *) exit 1 ;;
            esac
            """);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(cosign, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Environment.SetEnvironmentVariable("PATH", bin + Path.PathSeparator + Environment.GetEnvironmentVariable("PATH"));
        Save(State());

        string id = Signatures.Sign(Out, secret, cosign: true);

        Assert.Equal("good", CodeOf(open));
        Assert.Equal("good", CodeOf("test://" + open));
        Assert.Equal("QB5043", CodeOf("test://" + secret));
        Assert.Equal(id, ProvenanceCheck.Run(Out, open).Signer);
    }

    [Fact]
    public void The_signed_bytes_are_those_of_dsse() =>
        Assert.Equal("DSSEv1 28 application/vnd.in-toto+json 2 {}"u8.ToArray(), Envelope.SignedBytes("{}"u8));

    [Fact]
    public void A_key_that_cannot_be_read_is_told_apart_from_a_wrong_signature()
    {
        File.WriteAllText(PathTo("no.pem"), "no key");

        Assert.Equal("QB5044",
            Assert.Throws<DiagnosticException>(() => OpenSsl.Sign([1], PathTo("no.pem"))).Diagnostics[0].Descriptor.Code);
        Assert.Equal("QB5044",
            Assert.Throws<DiagnosticException>(() => OpenSsl.Verify([1], [2], PathTo("no.pem"))).Diagnostics[0].Descriptor.Code);
    }

    [Fact]
    public void An_unsigned_statement_is_a_record_that_is_held_against_the_files()
    {
        Assert.Equal("QB5040", CodeOf());
        Save(State());
        Assert.Equal("good", CodeOf());
        Assert.Equal("QB5040", CodeOf("any key"));

        File.AppendAllText(Path.Combine(Out, "low_noise_model", "config.json"), " ");
        Assert.Equal("QB4011", CodeOf());
    }

    [Fact]
    public void A_rebuilt_artifact_is_not_the_one_stated()
    {
        Save(State());
        var changed = new TestArtifact();
        changed.Descriptor = changed.Descriptor with { Name = "renamed" };
        changed.Write(Out);

        Assert.Equal("QB5042", CodeOf());
    }

    [Fact]
    public void The_arithmetic_is_stated_for_each_group_of_stages_and_older_statements_name_one()
    {
        JsonNode statement = JsonNode.Parse(State())!;
        JsonObject parameters = statement["predicate"]!["buildDefinition"]!["internalParameters"]!.AsObject();
        Assert.Equal("""{"layers":"cpu-1","model":"cpu-1"}""", parameters["profiles"]!.ToJsonString());
        Assert.Equal(new ProfileNames("cpu-1", "cpu-1"), StatedBuild.Parse(State(), "x").Profiles);

        parameters.Remove("profiles");
        parameters["numericProfile"] = "cpu-0";

        Assert.Equal(new ProfileNames("cpu-0", "cpu-0"),
            StatedBuild.Parse(System.Text.Encoding.UTF8.GetBytes(statement.ToJsonString()), "x").Profiles);
    }

    [Theory]
    [InlineData("\"_type\": \"https://in-toto.io/Statement/v1\"", "\"_type\": \"https://in-toto.io/Statement/v0.1\"")]
    [InlineData("urn:quantbuild:build:1", "urn:quantbuild:build:2")]
    [InlineData("urn:quantbuild:tool", "urn:somebody:else")]
    [InlineData("\"externalParameters\": {", "\"externalParameters\": { \"unknown\": 1,")]
    [InlineData("\"subject\": [", "\"subject\": [ {},")]
    [InlineData("{", "")]
    public void Statements_of_another_kind_are_refused(string from, string to)
    {
        string text = System.Text.Encoding.UTF8.GetString(State());
        int at = text.IndexOf(from, StringComparison.Ordinal);
        Save(System.Text.Encoding.UTF8.GetBytes(text[..at] + to + text[(at + from.Length)..]));

        Assert.Equal("QB5041", CodeOf());
    }
}
