namespace QuantBuild.Models.Vae;

/// <summary>Arrays of features that are used again.</summary>
/// <remarks>
/// Features of a real picture are hundreds of megabytes, and those of one layer have the same sizes for every piece of a video. Left to the
/// garbage collector, which has no hurry while memory is free, they add up to several times what is in use. Used by one run at a time.
/// </remarks>
internal sealed class FeaturePool
{
    private readonly Dictionary<int, Stack<float[]>> _free = [];

    /// <summary>An array of a length, with anything in it.</summary>
    public float[] Take(int length) =>
        _free.TryGetValue(length, out Stack<float[]>? arrays) && arrays.TryPop(out float[]? array)
        ? array
        : GC.AllocateUninitializedArray<float>(length);

    /// <summary>Takes an array back, which nobody uses from now on.</summary>
    public void Give(float[] array)
    {
        if (!_free.TryGetValue(array.Length, out Stack<float[]>? arrays))
            _free.Add(array.Length, arrays = []);
        arrays.Push(array);
    }
}
