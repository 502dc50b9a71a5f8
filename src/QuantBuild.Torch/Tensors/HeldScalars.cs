using TorchSharp;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Tensors;

/// <summary>Operations with numbers whose scalars are held until libtorch has read them.</summary>
/// <remarks>
/// TorchSharp gives libtorch the handle of a <see cref="Scalar"/> and forgets the object, in all of its operators and methods: <c>x * 2</c>
/// makes a scalar that the finalizer may free while the product runs, and <c>x + y</c> makes one within TorchSharp, the factor of y. Here
/// scalars are fields that live as long as the process, or locals that are disposed behind the call. A test reads the IL of both assemblies
/// and fails where anything else makes one.
/// </remarks>
internal static class HeldScalars
{
    /// <summary>Numbers that are often needed. Whole ones leave the element type of a tensor as it is.</summary>
    public static readonly Scalar Zero = 0, One = 1, Two = 2, Four = 4, Half = 0.5f;

    /// <summary>x + y.</summary>
    public static Tensor Plus(this Tensor x, Tensor y) => x.add(y, One);

    /// <summary>x + y.</summary>
    public static Tensor Plus(this Tensor x, Scalar y) => x.add(y, One);

    /// <summary>x + y.</summary>
    public static Tensor Plus(this Tensor x, double y)
    {
        using Scalar held = y;
        return x.add(held, One);
    }

    /// <summary>x + y; whole numbers stay whole.</summary>
    public static Tensor Plus(this Tensor x, long y)
    {
        using Scalar held = y;
        return x.add(held, One);
    }

    /// <summary>Adds to x in place.</summary>
    /// <returns>x.</returns>
    public static Tensor Accumulate(this Tensor x, Tensor y) => x.add_(y, One);

    /// <summary>Adds y times z to x in place.</summary>
    /// <returns>x.</returns>
    public static Tensor AccumulateProduct(this Tensor x, Tensor y, Tensor z) => x.addcmul_(y, z, One);

    /// <summary>x factor.</summary>
    public static Tensor Times(this Tensor x, double factor)
    {
        using Scalar held = factor;
        return x.mul(held);
    }

    /// <summary>x factor; whole numbers stay whole.</summary>
    public static Tensor Times(this Tensor x, long factor)
    {
        using Scalar held = factor;
        return x.mul(held);
    }

    /// <summary>Multiplies x in place.</summary>
    /// <returns>x.</returns>
    public static Tensor Scale(this Tensor x, double factor)
    {
        using Scalar held = factor;
        return x.mul_(held);
    }

    /// <summary>Divides x in place.</summary>
    /// <returns>x.</returns>
    public static Tensor Divide(this Tensor x, long divisor)
    {
        using Scalar held = divisor;
        return x.div_(held);
    }

    /// <summary>x / divisor.</summary>
    public static Tensor Over(this Tensor x, long divisor)
    {
        using Scalar held = divisor;
        return x.div(held);
    }

    /// <summary>The whole part of x / divisor, towards minus infinity.</summary>
    public static Tensor FloorOver(this Tensor x, long divisor)
    {
        using Scalar held = divisor;
        return x.div(held, RoundingMode.floor);
    }

    /// <summary>The rest of a division with the divisor's sign.</summary>
    public static Tensor Remainder(this Tensor x, long divisor)
    {
        using Scalar held = divisor;
        return x.remainder(held);
    }

    /// <summary>x².</summary>
    public static Tensor Squared(this Tensor x) => x.mul(x);

    /// <summary>The nearest values between two bounds.</summary>
    public static Tensor Between(this Tensor x, double least, double most)
    {
        using Scalar low = least, high = most;
        return x.clamp(low, high);
    }

    /// <summary>The nearest values between two bounds; whole numbers stay whole.</summary>
    public static Tensor Between(this Tensor x, long least, long most)
    {
        using Scalar low = least, high = most;
        return x.clamp(low, high);
    }

    /// <summary>The greater of x and a bound.</summary>
    public static Tensor AtLeast(this Tensor x, double least)
    {
        using Scalar held = least;
        return x.clamp_min(held);
    }

    /// <summary>x &gt; bound.</summary>
    public static Tensor IsAbove(this Tensor x, double bound)
    {
        using Scalar held = bound;
        return x.gt(held);
    }

    /// <summary>x &gt;= bound.</summary>
    public static Tensor IsAtLeast(this Tensor x, long bound)
    {
        using Scalar held = bound;
        return x.ge(held);
    }

    /// <summary>x where a mask is false, else a number; whole numbers stay whole.</summary>
    public static Tensor Masked(this Tensor x, Tensor mask, long value)
    {
        using Scalar held = value;
        return x.masked_fill(mask, held);
    }

    /// <summary>Fills x.</summary>
    /// <returns>x.</returns>
    public static Tensor Fill(this Tensor x, double value)
    {
        using Scalar held = value;
        return x.fill_(held);
    }

    /// <summary>first, first + step, … below an end.</summary>
    /// <param name="first">The first number.</param>
    /// <param name="end">None of them is it or lies beyond.</param>
    /// <param name="step">From one to the next.</param>
    /// <param name="type">Element type.</param>
    /// <param name="device">Where to.</param>
    public static Tensor Range(long first, long end, long step, ScalarType type, Device device)
    {
        using Scalar start = first, stop = end, by = step;
        return arange(start, stop, by, type, device);
    }
}
