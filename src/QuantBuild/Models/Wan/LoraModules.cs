using QuantBuild.SafeTensors;

namespace QuantBuild.Models.Wan;

/// <summary>Finds the tensor of an expert that a key of a LoRA file speaks of, whichever way it spells the layer.</summary>
internal sealed class LoraModules
{
    private readonly IReadOnlyDictionary<string, TensorInfo> _tensors;
    private readonly HashSet<string> _modules;
    private readonly Dictionary<string, string> _flat = new(StringComparer.Ordinal);

    /// <summary>Prepares the names of an expert.</summary>
    /// <param name="tensors">Its tensors, by their original names.</param>
    public LoraModules(IReadOnlyDictionary<string, TensorInfo> tensors)
    {
        _tensors = tensors;
        _modules = [.. tensors.Keys.Select(ModuleOf)];
        foreach (string module in _modules)
        {
            _flat.TryAdd(module.Replace('.', '_'), module);
            if (DiffusersOf(module) is { } theirs)
                _flat.TryAdd(theirs.Replace('.', '_'), module);
        }
    }

    /// <summary>The original name of the tensor that a key changes; null when the expert has none.</summary>
    public string? TargetOf(LoraKey key)
    {
        string? module = key.Flat
            ? _flat.GetValueOrDefault(key.Module)
            : _modules.Contains(key.Module) ? key.Module : OriginalOf(key.Module);
        string? target = module is null ? null : key.Part switch
        {
            LoraPart.Bias => module + ".bias",
            LoraPart.Modulation => module + ".modulation",
            _ => module + ".weight",
        };
        return target is not null && _tensors.ContainsKey(target) ? target : null;
    }

    private static string ModuleOf(string tensor) => tensor[..Math.Max(0, tensor.LastIndexOf('.'))];

    /// <summary>The original name of a module in the names of the Diffusers library; itself when it has none.</summary>
    private static string OriginalOf(string module) =>
        WanNames.Original(module + ".weight") is { } original ? ModuleOf(original) : module;

    private static string? DiffusersOf(string module)
    {
        try
        {
            return ModuleOf(WanNames.Diffusers(module + ".weight"));
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
