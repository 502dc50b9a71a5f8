namespace QuantBuild.Kernels;

/// <summary>
/// Memory that stays in its place and begins with a cache line, so that a kernel's widest loads and stores touch one line each.
/// </summary>
/// <param name="length">Elements, undefined at first.</param>
internal sealed unsafe class AlignedArray<T>(int length)
    where T : unmanaged
{
    /// <summary>Bytes of a cache line.</summary>
    public const int Line = 64;

    private readonly T[] _room = GC.AllocateUninitializedArray<T>(checked(length + (Line / sizeof(T))), pinned: true);

    /// <summary>Elements there is room for.</summary>
    public int Length => length;

    /// <summary>The first element; valid while this object is alive.</summary>
    public T* Start
    {
        get
        {
            fixed (T* room = _room)
                return (T*)(((nint)room + Line - 1) & -Line);
        }
    }
}
