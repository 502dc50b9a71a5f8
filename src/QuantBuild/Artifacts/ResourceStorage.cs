using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using QuantBuild.SafeTensors;

namespace QuantBuild.Artifacts;

/// <summary>An artifact in the resources of an assembly, each named <c>model/path in the artifact's folder</c>.</summary>
/// <param name="assembly">The assembly.</param>
/// <param name="model">The model's name.</param>
internal sealed class ResourceStorage(Assembly assembly, string model) : IArtifactStorage
{
    private const string Tensors = ".safetensors";
    private const string Index = Tensors + ".index.json";

    /// <inheritdoc/>
    public string Locate(string file) => $"{assembly.GetName().Name}/{NameOf(file)}";

    /// <inheritdoc/>
    public long? LengthOf(string file)
    {
        using Stream? stream = assembly.GetManifestResourceStream(NameOf(file));
        return stream?.Length;
    }

    /// <inheritdoc/>
    public Stream OpenRead(string file) =>
        assembly.GetManifestResourceStream(NameOf(file)) ?? throw new FileNotFoundException("there is no such resource", Locate(file));

    /// <inheritdoc/>
    public ShardedCheckpoint OpenTensors(ArtifactExpert expert)
    {
        string[] names = [.. expert.Files.Select(file => $"{expert.Directory}/{file.Name}")];
        string? index = names.FirstOrDefault(name => name.EndsWith(Index, StringComparison.Ordinal));
        var files = new List<SafeTensorsFile>();
        try
        {
            foreach (string name in names.Where(name => name.EndsWith(Tensors, StringComparison.Ordinal)))
                files.Add(OpenTensors(name));
            return ShardedCheckpoint.Of([.. files], index is null ? null : Locate(index), index is null
                ? null
                : ShardIndex.Read(ReadAll(index), Locate(index)));
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The result owns it.")]
    private unsafe SafeTensorsFile OpenTensors(string file)
    {
        ResourceMemory memory = ResourceMemory.Of(OpenRead(file));
        try
        {
            return SafeTensorsFile.FromPointer(memory.Start, memory.Length, memory, Locate(file));
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    private byte[] ReadAll(string file)
    {
        using Stream stream = OpenRead(file);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private string NameOf(string file) => $"{model}/{file}";
}
