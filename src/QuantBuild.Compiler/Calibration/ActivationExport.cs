using QuantBuild.Compiler.Planning;
using QuantBuild.Compiler.Store;
using QuantBuild.Models.Wan;
using QuantBuild.SafeTensors;

namespace QuantBuild.Compiler.Calibration;

/// <summary>Writes recordings of the store in the layout that <see cref="ExternalActivations"/> reads.</summary>
internal static class ActivationExport
{
    /// <summary>One file per sample.</summary>
    /// <returns>The files, absolute.</returns>
    public static IReadOnlyList<string> Write(Plan plan, IBlobFiles store,
        IReadOnlyDictionary<string, IReadOnlyList<Recording>> recordings, string folder,
        CancellationToken cancellation)
    {
        folder = Directory.CreateDirectory(Path.GetFullPath(folder)).FullName;
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { [ActivationFiles.FormatKey] = ActivationFiles.Format };
        foreach (ExpertPlan expert in plan.Experts)
            metadata.Add(ActivationFiles.TimestepsKey(expert.Name), ActivationFiles.TextOf(expert.Timesteps));
        var paths = new List<string>();
        for (int sample = 0; sample < recordings.Values.First().Count; sample++)
        {
            store.Bring(recordings.Values.Select(site => site[sample].Digest));
            var tensors = new List<TensorData>();
            foreach (ExpertPlan expert in plan.Experts)
            {
                for (int block = 0; block < expert.Config.NumLayers; block++)
                {
                    foreach (WanSite site in WanLayers.Sites)
                        Add(tensors, recordings[ActivationRecorder.OutputName(expert.Name, block, site)][sample],
                            ActivationFiles.PrefixOf(expert.Name, block, site));
                }
            }
            string path = Path.Combine(folder, ActivationFiles.NameOf(sample));
            SafeTensorsWriter.Write(path, tensors, metadata);
            paths.Add(path);
        }
        return paths;

        void Add(List<TensorData> tensors, Recording recording, string prefix)
        {
            using SafeTensorsFile header = SafeTensorsFile.Open(store.Open(recording.Digest));
            foreach ((string name, TensorInfo tensor) in header.Tensors)
            {
                // Opened again when it is written: thousands of files open at once are more than systems allow.
                tensors.Add(new TensorData(prefix + name, tensor.DType, tensor.Shape, stream =>
                {
                    cancellation.ThrowIfCancellationRequested();
                    using SafeTensorsFile file = SafeTensorsFile.Open(store.Open(recording.Digest));
                    TensorData.Copy(file, name).Write(stream);
                }));
            }
        }
    }
}
