namespace QuantBuild.Models;

/// <summary>Where the full-precision weights of a model live while it runs.</summary>
public enum WeightStorage
{
    /// <summary>In memory as float32: fastest.</summary>
    Resident,

    /// <summary>In their file, widened a panel at a time: for models larger than memory.</summary>
    Mapped,
}
