namespace QuantBuild.Compiler.Compute;

/// <summary>Memory that a piece of work holds at its peak.</summary>
/// <param name="HostBytes">Bytes of the process.</param>
/// <param name="DeviceBytes">Bytes of a device that has memory of its own; 0 where there is none.</param>
internal readonly record struct ResourceNeed(long HostBytes, long DeviceBytes = 0);
