namespace QuantBuild.Imaging;

/// <summary>A pass over a PNG picture: its pixel (column, row) is pixel (X + column StepX, Y + row StepY) of the picture.</summary>
internal readonly record struct PngPass(int X, int Y, int StepX, int StepY, int Columns, int Rows);
