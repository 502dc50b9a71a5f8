using System.Collections.Immutable;
using QuantBuild.Formats;

namespace QuantBuild.Models;

/// <summary>The input settings of a quantized layer, found by timestep: nothing is searched or measured when the model runs.</summary>
internal sealed class ActivationPolicy
{
    private readonly ImmutableArray<ActivationSetting> _settings;

    /// <param name="ties">Where exact midpoints go.</param>
    /// <param name="settings">One per bin; their timesteps are apart.</param>
    public ActivationPolicy(TieRule ties, ImmutableArray<ActivationSetting> settings)
    {
        Ties = ties;
        _settings = settings;
    }

    /// <summary>Where exact midpoints go.</summary>
    public TieRule Ties { get; }

    /// <summary>Whether the input is rounded in some ranges of timesteps and left as it is in others.</summary>
    public bool IsMixed => _settings.Any(setting => setting.Clip is null);

    /// <summary>The settings of the bin that a timestep is in.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No bin has the timestep: it belongs to the other expert.</exception>
    public ActivationSetting At(int timestep)
    {
        foreach (ActivationSetting setting in _settings)
        {
            if (timestep >= setting.MinTimestep && timestep <= setting.MaxTimestep)
                return setting;
        }
        throw new ArgumentOutOfRangeException(nameof(timestep), timestep, "no bin of the layer has this timestep");
    }
}
