namespace QuantBuild.Compiler.Actions;

/// <summary>Stages whose arithmetic is chosen together.</summary>
internal enum ComputeGroup
{
    /// <summary>No choice: stages that move and compare numbers rather than compute, always on the CPU.</summary>
    Fixed,

    /// <summary>Stages that run the model: <c>compute.model</c>.</summary>
    Model,

    /// <summary>Stages that work on one layer: <c>compute.layers</c>.</summary>
    Layers,
}
