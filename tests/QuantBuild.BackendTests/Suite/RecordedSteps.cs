using QuantBuild.Compiler.Compute;

namespace QuantBuild.BackendTests;

/// <summary>Recorded tokens in memory, handed out as the store's are: in one buffer, which the reader may overwrite.</summary>
/// <param name="values">[step][tokens, channels].</param>
/// <param name="channels">Input channels.</param>
internal sealed class RecordedSteps(float[][] values, int channels) : IRecordedTokens
{
    public float[][] Values => values;

    public Action? Reading { get; set; }

    public int Samples => 1;

    public long Rows(IReadOnlyCollection<int> steps) => steps.Sum(step => (long)values[step].Length / channels);

    public IEnumerable<Memory<float>> Portions(IReadOnlyCollection<int> steps, int rows, Func<int, bool>? samples = null)
    {
        var buffer = new float[Math.Min(rows, Rows(steps)) * channels];
        int filled = 0;
        if (samples?.Invoke(0) == false)
            yield break;
        foreach (float[] step in steps.Select(step => values[step]))
        {
            for (int done = 0, count; done < step.Length; done += count)
            {
                count = Math.Min(step.Length - done, buffer.Length - filled);
                step.AsSpan(done, count).CopyTo(buffer.AsSpan(filled));
                filled += count;
                if (filled < buffer.Length)
                    continue;
                Reading?.Invoke();
                yield return buffer;
                filled = 0;
            }
        }
        if (filled == 0)
            yield break;
        Reading?.Invoke();
        yield return buffer.AsMemory(0, filled);
    }
}
