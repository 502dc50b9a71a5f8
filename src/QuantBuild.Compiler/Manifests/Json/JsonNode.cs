using System.Collections.Immutable;
using QuantBuild.Compiler.Diagnostics;

namespace QuantBuild.Compiler.Manifests.Json;

/// <summary>A JSON value with its place; the tree that manifests are bound from.</summary>
/// <param name="Span">Place of its first character.</param>
internal abstract record JsonNode(SourceSpan Span)
{
    /// <summary>Its bytes, counted from the start of the text behind a byte order mark.</summary>
    public Range Extent { get; internal set; }

    /// <summary>What it is, for people: "an object", "a number".</summary>
    public abstract string Kind { get; }
}

/// <summary>An object; members in file order, duplicates kept so that they can be reported.</summary>
internal sealed record JsonObject(SourceSpan Span, ImmutableArray<JsonMember> Members) : JsonNode(Span)
{
    /// <inheritdoc/>
    public override string Kind => "an object";
}

/// <summary>One <c>"name": value</c> of an object.</summary>
internal sealed record JsonMember(string Name, SourceSpan NameSpan, JsonNode Value);

/// <summary>A list.</summary>
internal sealed record JsonArray(SourceSpan Span, ImmutableArray<JsonNode> Items) : JsonNode(Span)
{
    /// <inheritdoc/>
    public override string Kind => "a list";
}

/// <summary>A text, unescaped.</summary>
internal sealed record JsonText(SourceSpan Span, string Value) : JsonNode(Span)
{
    /// <inheritdoc/>
    public override string Kind => "a text";
}

/// <summary>A number as it is spelled in the file: its reader decides between integer and real.</summary>
internal sealed record JsonNumber(SourceSpan Span, string Value) : JsonNode(Span)
{
    /// <inheritdoc/>
    public override string Kind => "a number";
}

/// <summary><c>true</c> or <c>false</c>.</summary>
internal sealed record JsonBoolean(SourceSpan Span, bool Value) : JsonNode(Span)
{
    /// <inheritdoc/>
    public override string Kind => Value ? "true" : "false";
}

/// <summary><c>null</c>, which no key of a manifest accepts.</summary>
internal sealed record JsonNull(SourceSpan Span) : JsonNode(Span)
{
    /// <inheritdoc/>
    public override string Kind => "null";
}
