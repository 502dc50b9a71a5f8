namespace QuantBuild.Text;

/// <summary>What a vocabulary entry is for.</summary>
internal enum PieceKind
{
    /// <summary>Text.</summary>
    Normal,

    /// <summary>The entry that stands for text without a piece of its own.</summary>
    Unknown,

    /// <summary>A mark, such as the end of the text, that no text spells.</summary>
    Control,

    /// <summary>One byte of text without a piece of its own, written <c>&lt;0x41&gt;</c>.</summary>
    Byte,

    /// <summary>An entry that is never produced.</summary>
    Unused,
}
