using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests.Json;

/// <summary>A JSON value with its place; the tree that manifests are bound from.</summary>
/// <param name="Span">Place of its first character.</param>
internal abstract record ManifestNode(SourceSpan Span)
{
    /// <summary>Its bytes, counted from the start of the text behind a byte order mark.</summary>
    public Range Extent { get; internal set; }

    /// <summary>What it is, for people: "an object", "a number".</summary>
    public abstract string Kind { get; }
}

/// <summary>An object; members in file order, duplicates kept so that they can be reported.</summary>
internal sealed record ManifestObject(SourceSpan Span, ImmutableArray<ManifestMember> Members) : ManifestNode(Span)
{
    /// <inheritdoc/>
    public override string Kind => "an object";
}

/// <summary>One <c>"name": value</c> of an object.</summary>
internal sealed record ManifestMember(string Name, SourceSpan NameSpan, ManifestNode Value);

/// <summary>A list.</summary>
internal sealed record ManifestArray(SourceSpan Span, ImmutableArray<ManifestNode> Items) : ManifestNode(Span)
{
    /// <inheritdoc/>
    public override string Kind => "a list";
}

/// <summary>A text, unescaped.</summary>
internal sealed record ManifestText(SourceSpan Span, string Value) : ManifestNode(Span)
{
    /// <inheritdoc/>
    public override string Kind => "a text";
}

/// <summary>A number as it is spelled in the file: its reader decides between integer and real.</summary>
internal sealed record ManifestNumber(SourceSpan Span, string Value) : ManifestNode(Span)
{
    /// <inheritdoc/>
    public override string Kind => "a number";
}

/// <summary><c>true</c> or <c>false</c>.</summary>
internal sealed record ManifestBoolean(SourceSpan Span, bool Value) : ManifestNode(Span)
{
    /// <inheritdoc/>
    public override string Kind => Value ? "true" : "false";
}

/// <summary><c>null</c>, which no key of a manifest accepts.</summary>
internal sealed record ManifestNull(SourceSpan Span) : ManifestNode(Span)
{
    /// <inheritdoc/>
    public override string Kind => "null";
}
