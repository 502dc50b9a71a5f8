using System.Text.Json.Nodes;
using QuantBuild.Compiler.Planning;

namespace QuantBuild.Compiler.Layouts;

/// <summary>A format that experts are written in.</summary>
internal interface ILayout
{
    /// <summary>An expert's folder in the artifact.</summary>
    string DirectoryOf(string expert);

    /// <summary>What decides the bytes of an expert's files beside its own inputs and the output section; null for nothing.</summary>
    JsonNode? Describe(ExpertPlan expert) => null;

    /// <summary>Adds all files of an expert.</summary>
    void Write(PackedExpert expert);
}
