using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using QuantBuild.Compiler.Diagnostics;
using QuantBuild.Compiler.Manifests;
using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Calibration;

/// <summary>
/// Activations that somebody else recorded, such as a pipeline on a GPU: they take the place of the sampling runs. Shapes, timesteps and
/// the cover of bins are checked every time, values once per file.
/// </summary>
internal sealed class ExternalActivations : IDisposable
{
    private readonly List<SafeTensorsFile> _files;

    private ExternalActivations(List<SafeTensorsFile> files, ImmutableArray<Digest> samples,
        Dictionary<string, IReadOnlyList<Recording>> recordings,
        ImmutableArray<Diagnostic> warnings)
    {
        Warnings = warnings;
        _files = files;
        Samples = samples;
        Recordings = recordings;
    }

    /// <summary>Digest of every sample's recording.</summary>
    public ImmutableArray<Digest> Samples { get; }

    /// <summary>Bins with few tokens.</summary>
    public ImmutableArray<Diagnostic> Warnings { get; }

    /// <summary>Recordings of every site in the order of samples, by <see cref="ActivationRecorder.OutputName"/>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Recording>> Recordings { get; }

    /// <summary>Opens and checks what the plan names.</summary>
    /// <exception cref="DiagnosticException">
    /// A file, a tensor, a value or a timestep is missing or wrong; all that is wrong is told at once.
    /// </exception>
    public static ExternalActivations Open(Plan plan, ActivationsSection section, ContentStore store, CancellationToken cancellation)
    {
        string[] paths = FilesOf(plan, section);
        var files = new List<SafeTensorsFile>();
        try
        {
            foreach (string path in paths)
                files.Add(SafeTensorsFile.Open(path));
            FileStamp[] stamps = [.. files.Select(file => FileStamp.Of(file.Handle!, file.Path!))];
            var problems = new List<Diagnostic>();
            ImmutableArray<ImmutableArray<int>>[] steps = [.. files.Select(file => StepsOf(plan, file, section, problems))];
            // What is something else altogether would only be told to lack every tensor.
            foreach (SafeTensorsFile file in files.Where(IsRecording))
                CheckShapes(plan, file, section, problems);
            if (problems.Count == 0)
                CheckBins(plan, steps, section, problems);
            Throw(problems);
            JsonObject[] digests = [.. files.Select(file => store.Files.GetOrComputeAsync(file.Path!, file.Handle!, ActivationValues.Kind,
                () => ActivationValues.Check(file, section, cancellation), cancellation).AsTask().GetAwaiter().GetResult())];
            return new ExternalActivations(files, [.. digests.Select(CanonicalJson.DigestOf)], Collect(plan, files, stamps, steps, digests),
                [.. FewTokens(plan, files, steps, section)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SafeTensorsException)
        {
            files.ForEach(file => file.Dispose());
            throw StoreErrors.Shrunk(e)
                ?? new DiagnosticException(Descriptors.ActivationsUnreadable.At(section.Span, (e as SafeTensorsException)?.Path
                    ?? section.Folder, e.Message), e);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>The files of the samples that the plan uses.</summary>
    public static string[] FilesOf(Plan plan, ActivationsSection section)
    {
        if (!Directory.Exists(section.Folder))
            throw new DiagnosticException(Descriptors.ActivationsUnreadable.At(section.Span, section.Folder, "there is no such folder"));
        string[] paths = ActivationFiles.Of(section.Folder);
        int wanted = plan.Manifest.Calibration.Samples;
        return paths.Length >= wanted ? paths[..wanted]
            : throw new DiagnosticException(Descriptors.CalibrationEmpty.At(section.Span, section.Folder, paths.Length, wanted));
    }

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    private static bool IsRecording(SafeTensorsFile file) =>
        file.Metadata.GetValueOrDefault(ActivationFiles.FormatKey) == ActivationFiles.Format;

    /// <summary>For each expert and each of its steps the index in the file.</summary>
    private static ImmutableArray<ImmutableArray<int>> StepsOf(Plan plan, SafeTensorsFile file, ActivationsSection section,
        List<Diagnostic> problems)
    {
        if (!IsRecording(file))
        {
            problems.Add(Descriptors.ActivationsUnreadable.At(section.Span, file.Path,
                $"its metadata does not say \"{ActivationFiles.FormatKey}\": \"{ActivationFiles.Format}\""));
            return [.. plan.Experts.Select(_ => ImmutableArray<int>.Empty)];
        }
        return [.. plan.Experts.Select(expert => StepsOf(expert, file, section, problems))];
    }

    private static ImmutableArray<int> StepsOf(ExpertPlan expert, SafeTensorsFile file, ActivationsSection section,
        List<Diagnostic> problems)
    {
        var indices = Enumerable.Repeat(-1, expert.Timesteps.Length).ToArray();
        string text = file.Metadata.GetValueOrDefault(ActivationFiles.TimestepsKey(expert.Name), "");
        string[] parts = text.Length == 0 ? [] : text.Split(',');
        int step = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out int timestep))
            {
                problems.Add(Descriptors.ActivationsTimesteps.At(section.Span, file.Path, expert.Name,
                    $"are '{text}', which are no whole numbers"));
                return [];
            }
            while (step < indices.Length && expert.Timesteps[step] != timestep)
                step++;
            if (step == indices.Length)
            {
                problems.Add(Descriptors.ActivationsTimesteps.At(section.Span, file.Path, expert.Name,
                    $"have {timestep}, which does not follow in the schedule of the manifest: {ActivationFiles.TextOf(expert.Timesteps)}"));
                return [];
            }
            indices[step++] = i;
        }
        return [.. indices];
    }

    private static void CheckShapes(Plan plan, SafeTensorsFile file, ActivationsSection section, List<Diagnostic> problems)
    {
        foreach (ExpertPlan expert in plan.Experts)
        {
            // An expert of which nothing was recorded needs no tensors either.
            if (file.Metadata.GetValueOrDefault(ActivationFiles.TimestepsKey(expert.Name), "") is not { Length: > 0 } text)
                continue;
            long steps = text.Count(c => c == ',') + 1;
            foreach ((string prefix, int channels) in SitesOf(expert))
            {
                Check(prefix + "tokens", DType.BF16, [steps, null, channels]);
                Check(prefix + "absmax", DType.F32, [steps, channels]);
            }
        }

        void Check(string name, DType type, long?[] shape)
        {
            if (!file.Tensors.TryGetValue(name, out TensorInfo? tensor))
                Report("is missing");
            else if (tensor.DType != type)
                Report($"is {tensor.DType} instead of {type}");
            else if (!Fits(tensor.Shape, shape) || tensor.ElementCount == 0)
                Report($"is [{string.Join(',', tensor.Shape)}] instead of "
                    + $"[{string.Join(',', shape.Select(size => size?.ToString(CultureInfo.InvariantCulture) ?? "tokens"))}]");

            static bool Fits(IReadOnlyList<long> sizes, long?[] wanted) =>
                sizes.Count == wanted.Length && sizes.Zip(wanted, (size, want) => want is null || want == size).All(fits => fits);

            void Report(string what) => problems.Add(Descriptors.ActivationsTensor.At(section.Span, file.Path, name, what));
        }
    }

    private static void CheckBins(Plan plan, ImmutableArray<ImmutableArray<int>>[] steps, ActivationsSection section,
        List<Diagnostic> problems)
    {
        for (int e = 0; e < plan.Experts.Length; e++)
        {
            foreach (TimestepBin bin in plan.Experts[e].Bins.Where(bin => !steps.Any(file => StepsIn(bin, file[e]) > 0)))
                problems.Add(Descriptors.ActivationsBinEmpty.At(section.Span, bin.Name, plan.Experts[e].Name, bin.MinTimestep,
                    bin.MaxTimestep));
        }
    }

    /// <summary>How many of a bin's steps a file has.</summary>
    /// <param name="bin">The bin.</param>
    /// <param name="indices">For each step of the bin's expert the index in the file, negative when it is not there.</param>
    private static int StepsIn(TimestepBin bin, ImmutableArray<int> indices) => bin.Steps.Count(step => indices[step] >= 0);

    /// <summary>For every bin the layer that has the fewest tokens for its width, where that is too few.</summary>
    private static IEnumerable<Diagnostic> FewTokens(Plan plan, List<SafeTensorsFile> files, ImmutableArray<ImmutableArray<int>>[] steps,
        ActivationsSection section)
    {
        for (int e = 0; e < plan.Experts.Length; e++)
        {
            ExpertPlan expert = plan.Experts[e];
            foreach (TimestepBin bin in expert.Bins)
            {
                (LayerPlan Layer, long Tokens)[] few = [..
                    from layer in expert.Layers
                    where layer.Recipe.Precision == Precision.W4A4
                    let tokens = TokensOf(e, bin, layer)
                    where tokens < 2L * layer.InFeatures
                    select (layer, tokens)];
                if (few.Length == 0)
                    continue;
                (LayerPlan worst, long least) = few.MinBy(layer => layer.Tokens / (double)layer.Layer.InFeatures);
                yield return Descriptors.ActivationsBinFew.At(section.Span, least, bin.Name, expert.Name, worst.Name, worst.InFeatures);
            }
        }

        long TokensOf(int e, TimestepBin bin, LayerPlan layer)
        {
            string tensor = ActivationFiles.PrefixOf(plan.Experts[e].Name, layer.Block, layer.Site) + "tokens";
            long tokens = 0;
            for (int i = 0; i < files.Count; i++)
            {
                // A file without the bin's steps may lack the tensor.
                if (StepsIn(bin, steps[i][e]) is > 0 and var recorded)
                    tokens += recorded * files[i].Tensors[tensor].Shape[1];
            }
            return tokens;
        }
    }

    private static Dictionary<string, IReadOnlyList<Recording>> Collect(Plan plan, List<SafeTensorsFile> files, FileStamp[] stamps,
        ImmutableArray<ImmutableArray<int>>[] steps, JsonObject[] digests)
    {
        var recordings = new Dictionary<string, IReadOnlyList<Recording>>(StringComparer.Ordinal);
        for (int e = 0; e < plan.Experts.Length; e++)
        {
            int[] recorded = [.. Enumerable.Range(0, files.Count).Where(i => steps[i][e].Any(step => step >= 0))];
            foreach ((string prefix, _) in SitesOf(plan.Experts[e]))
                recordings.Add(prefix.TrimEnd('/'),
                    [.. recorded.Select(i => One(files[i], stamps[i], steps[i][e], digests[i], prefix))]);
        }
        return recordings;

        static Recording One(SafeTensorsFile file, FileStamp stamp, ImmutableArray<int> steps, JsonObject digests, string prefix) =>
            new(CanonicalJson.DigestOf(new JsonObject
            {
                ["tokens"] = digests[prefix + "tokens"]!.DeepClone(),
                ["absmax"] = digests[prefix + "absmax"]!.DeepClone(),
                ["steps"] = new JsonArray([.. steps.Select(step => (JsonNode)step)]),
            }))
            {
                File = file,
                Stamp = stamp,
                Prefix = prefix,
                Steps = steps,
            };
    }

    private static IEnumerable<(string Prefix, int Channels)> SitesOf(ExpertPlan expert) =>
        from block in Enumerable.Range(0, expert.Config.NumLayers)
        from site in WanLayers.Sites
        select (ActivationFiles.PrefixOf(expert.Name, block, site), ActivationRecorder.ChannelsOf(expert.Config, site));

    private static void Throw(List<Diagnostic> problems)
    {
        if (problems.Count > 0)
            throw new DiagnosticException(problems);
    }
}
