namespace QuantBuild.Compiler.Diagnostics;

/// <summary>A place in a text file; lines and columns count from 1, columns in UTF-16 units. Line 0 means the file as a whole.</summary>
/// <param name="File">Path of the file.</param>
/// <param name="Line">First line.</param>
/// <param name="Column">First column.</param>
internal readonly record struct SourceSpan(string File, int Line = 0, int Column = 0);
