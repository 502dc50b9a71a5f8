namespace QuantBuild.Torch.Native;

/// <summary>Why TorchSharp could not be used, or could not do its work.</summary>
public enum TorchProblem
{
    /// <summary>There is no libtorch, or it cannot be loaded.</summary>
    LibraryMissing,

    /// <summary>The system's C++ library is older than the one TorchSharp was built with.</summary>
    StandardLibraryTooOld,

    /// <summary>libtorch is of another version than the one TorchSharp was built for.</summary>
    WrongVersion,

    /// <summary>The device that was asked for is not there, or libtorch was built without it.</summary>
    NoSuchDevice,

    /// <summary>The device, or the machine, has too little memory.</summary>
    OutOfMemory,

    /// <summary>The device, its driver or libtorch failed in the middle of work; a GPU tells the failures of earlier work late.</summary>
    DeviceFailed,

    /// <summary>A result has values that are not finite.</summary>
    NotFinite,
}
