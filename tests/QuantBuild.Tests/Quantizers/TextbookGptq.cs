using QuantBuild.Formats;

namespace QuantBuild.Tests.Quantizers;

/// <summary>
/// GPTQ as its paper writes it: the upper Cholesky factor of H^-1, errors pushed to the columns on the right, all in double precision.
/// </summary>
internal static class TextbookGptq
{
    /// <summary>The rounded weight, read back. No dead columns.</summary>
    public static float[] Quantize(float[] weight, float[] hessian, int rows, int channels, double damp, TieRule ties)
    {
        double[,] h = new double[channels, channels];
        double mean = Enumerable.Range(0, channels).Average(i => (double)hessian[i * (channels + 1)]);
        for (int i = 0; i < channels; i++)
        {
            for (int j = 0; j < channels; j++)
                h[i, j] = hessian[(i * channels) + j] + (i == j ? damp * mean : 0);
        }
        double[,] upper = Transpose(LowerCholesky(Inverse(h)));
        var result = new float[weight.Length];
        for (int row = 0; row < rows; row++)
        {
            double[] w = [.. weight.Skip(row * channels).Take(channels).Select(v => (double)v)];
            for (int k = 0; k < channels; k++)
            {
                int group = k / 32 * 32;
                float absmax = weight.Skip((row * channels) + group).Take(Math.Min(32, channels - group)).Max(MathF.Abs);
                double scale = Math.ScaleB(1, Math.ILogB(absmax) - 2);
                double rounded = Nearest(w[k] / scale, ties) * scale;
                result[(row * channels) + k] = (float)rounded;
                double error = (w[k] - rounded) / upper[k, k];
                for (int j = k; j < channels; j++)
                    w[j] -= error * upper[k, j];
            }
        }
        return result;
    }

    /// <summary>tr(E H E^T) / tr(W H W^T).</summary>
    public static double Loss(float[] weight, float[] rounded, float[] hessian, int rows, int channels)
    {
        double error = 0, reference = 0;
        for (int row = 0; row < rows; row++)
        {
            for (int i = 0; i < channels; i++)
            {
                for (int j = 0; j < channels; j++)
                {
                    int a = (row * channels) + i, b = (row * channels) + j;
                    error += ((double)weight[a] - rounded[a]) * hessian[(i * channels) + j] * ((double)weight[b] - rounded[b]);
                    reference += (double)weight[a] * hessian[(i * channels) + j] * weight[b];
                }
            }
        }
        return error / reference;
    }

    private static double Nearest(double value, TieRule ties)
    {
        double[] grid = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
        int best = 0;
        for (int code = 1; code < grid.Length; code++)
        {
            double gain = Math.Abs(Math.Abs(value) - grid[best]) - Math.Abs(Math.Abs(value) - grid[code]);
            if (gain > 0 || (gain == 0 && ties == TieRule.Even && code % 2 == 0))
                best = code;
        }
        return Math.CopySign(grid[best], value);
    }

    private static double[,] LowerCholesky(double[,] a)
    {
        int n = a.GetLength(0);
        double[,] l = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = a[i, j];
                for (int k = 0; k < j; k++)
                    sum -= l[i, k] * l[j, k];
                l[i, j] = i == j ? Math.Sqrt(sum) : sum / l[j, j];
            }
        }
        return l;
    }

    /// <summary>Gauss-Jordan; the matrices here are positive definite and need no pivoting.</summary>
    private static double[,] Inverse(double[,] source)
    {
        int n = source.GetLength(0);
        double[,] a = (double[,])source.Clone(), inverse = new double[n, n];
        for (int i = 0; i < n; i++)
            inverse[i, i] = 1;
        for (int pivot = 0; pivot < n; pivot++)
        {
            double p = 1 / a[pivot, pivot];
            for (int j = 0; j < n; j++)
            {
                a[pivot, j] *= p;
                inverse[pivot, j] *= p;
            }
            for (int i = 0; i < n; i++)
            {
                double factor = i == pivot ? 0 : a[i, pivot];
                for (int j = 0; factor != 0 && j < n; j++)
                {
                    a[i, j] -= factor * a[pivot, j];
                    inverse[i, j] -= factor * inverse[pivot, j];
                }
            }
        }
        return inverse;
    }

    private static double[,] Transpose(double[,] a)
    {
        int n = a.GetLength(0);
        double[,] t = new double[n, n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
                t[i, j] = a[j, i];
        }
        return t;
    }
}
