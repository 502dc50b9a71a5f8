using System.Collections.Immutable;

namespace QuantBuild.Compiler.Manifests.Binding;

/// <summary>The keys of one kind of object.</summary>
/// <param name="Name">What the object is, such as <c>calibration</c>; the name of its definition in the schema.</param>
/// <param name="Keys">Its keys in the order of the documentation.</param>
internal sealed record KeySet(string Name, ImmutableArray<string> Keys);
