using System.Collections.Concurrent;
using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Samples;
using QuantBuild.Compiler.Sources;
using QuantBuild.Compiler.Store;
using QuantBuild.Compiler.Work;
using QuantBuild.Imaging;
using QuantBuild.Models.Vae;
using QuantBuild.Models.Wan;
using QuantBuild.Pipelines;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Stages;

/// <summary>Tokenizer, text encoder and autoencoder of a checkpoint, with the digests of their content.</summary>
internal sealed class EncoderSource
{
    private static readonly string[] TokenizerFiles = ["tokenizer.json", "spiece.model"];

    private readonly ImmutableArray<(string Path, FileStamp? Stamp)> _stamps;

    private readonly Lazy<WanEncoders> _encoders;

    private readonly ConcurrentDictionary<string, (long Decoding, long Pixels)> _pictures = new(StringComparer.Ordinal);

    private EncoderSource(Lazy<WanEncoders> encoders, Digest text, Digest vae, ImmutableArray<(string, FileStamp?)> stamps)
    {
        _encoders = encoders;
        Text = text;
        Vae = vae;
        _stamps = stamps;
    }

    /// <summary>What they do; opened when first needed.</summary>
    /// <exception cref="DiagnosticException">They are damaged, or for another model.</exception>
    public WanEncoders Encoders => _encoders.Value;

    /// <summary>Digest of tokenizer and text encoder: equal ones embed prompts alike.</summary>
    public Digest Text { get; }

    /// <summary>Digest of the autoencoder.</summary>
    public Digest Vae { get; }

    /// <summary>
    /// Bytes that a sample takes at the most while its picture is decoded, its prompt and its picture are encoded, one after the other.
    /// </summary>
    /// <exception cref="ArgumentException">The line's size is not possible.</exception>
    /// <exception cref="InvalidDataException">The file of the picture is none.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public long EncodingBytes(SampleLine line, int threads)
    {
        VideoShape size = FirstFrame.SizeFor(line.Width, line.Height, line.Width * line.Height, line.Frames);
        (long decoding, long pixels) = _pictures.GetOrAdd(line.Image!, PictureBytes);
        return Math.Max(decoding, pixels + Math.Max(Encoders.EncodePromptsBytes(threads), Encoders.EncodeImageBytes(size, threads)));
    }

    /// <summary>Opens and hashes them; unchanged files are not read again.</summary>
    /// <param name="context">The build.</param>
    /// <param name="config">The model they are for.</param>
    /// <exception cref="DiagnosticException">They are missing or damaged.</exception>
    public static EncoderSource Open(BuildContext context, WanConfig config)
    {
        string folder = context.Plan.Location.Folder;
        return Translate(() =>
        {
            WanEncoders.Require(folder);
            ImmutableArray<(string, FileStamp?)> stamps = [.. FilesOf(folder).Select(path => (path, FileStamp.Of(path)))];
            var parts = new PipelineFolders(folder);
            Digest text = TensorDigests.Combine([Weights(context, parts.TextWeights), .. TokenizerOf(folder).Select(Small),
                .. parts.TextFiles.Where(IsConfig).Select(Small)]);
            Digest vae = TensorDigests.Combine([Weights(context, parts.VaeWeights), .. parts.VaeFiles.Where(IsConfig).Select(Small)]);
            return new EncoderSource(new(() =>
                Translate(() => new WanEncoders(folder, config) { Factory = context.Plan.Backends.Model.Encoders })), text, vae, stamps);
        });

        T Translate<T>(Func<T> work)
        {
            try
            {
                return work();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or SafeTensorsException)
            {
                throw StoreErrors.Shrunk(e)
                    ?? new DiagnosticException(Descriptors.EncodersUnusable.At(context.Plan.Manifest.Model.Span, e.Message), e);
            }
        }
    }

    /// <summary>Every file that is read, absolute.</summary>
    public static IEnumerable<string> FilesOf(string checkpoint)
    {
        var parts = new PipelineFolders(checkpoint);
        return [.. TokenizerOf(checkpoint), .. parts.TextFiles, .. parts.VaeFiles];
    }

    /// <summary>Refuses to go on when somebody wrote into a file after it was hashed.</summary>
    /// <exception cref="DiagnosticException">A file changed (QB4007).</exception>
    public void RequireUnchanged()
    {
        foreach ((string path, FileStamp? before) in _stamps)
        {
            if (FileStamp.Of(path) != before)
                throw new DiagnosticException(Descriptors.InputChanged.At(null, path));
        }
    }

    /// <summary>What decoding a picture takes, its file included, and what its pixels take afterwards.</summary>
    private static (long Decoding, long Pixels) PictureBytes(string path)
    {
        byte[] file = ImageFile.ReadBytes(path);
        ImageHeader header = ImageFile.ReadHeader(file);
        return (file.Length + header.DecodingBytes, 3L * header.Width * header.Height);
    }

    private static IEnumerable<string> TokenizerOf(string checkpoint)
    {
        string folder = Path.Combine(checkpoint, CheckpointFiles.Tokenizer),
            original = Path.Combine(checkpoint, PipelineFolders.OriginalTokenizer);
        return TokenizerFiles.Select(name => Path.Combine(Directory.Exists(folder) ? folder : original, name)).Where(File.Exists);
    }

    private static bool IsConfig(string path) => Path.GetFileName(path) == "config.json";

    private static KeyValuePair<string, Digest> Weights(BuildContext context, IReadOnlyList<string> files) =>
        KeyValuePair.Create("weights", TensorDigests.Combine(TensorDigests
            .OfAsync(files.Where(file => !file.EndsWith(".json", StringComparison.Ordinal)), context.Local, context.Budget.Threads,
                ct: context.Cancellation)
            .GetAwaiter().GetResult()));

    private static KeyValuePair<string, Digest> Small(string path) =>
        KeyValuePair.Create(Path.GetFileName(path), Digest.Of(File.ReadAllBytes(path)));
}
