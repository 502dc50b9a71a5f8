namespace QuantBuild.SafeTensors;

/// <summary>Element types of the safetensors format, widest first: the order in which a canonical file stores its tensors.</summary>
public enum DType
{
    /// <summary>64-bit complex, two F32.</summary>
    C64,

    /// <summary>64-bit float.</summary>
    F64,

    /// <summary>64-bit signed integer.</summary>
    I64,

    /// <summary>64-bit unsigned integer.</summary>
    U64,

    /// <summary>32-bit float.</summary>
    F32,

    /// <summary>32-bit signed integer.</summary>
    I32,

    /// <summary>32-bit unsigned integer.</summary>
    U32,

    /// <summary>IEEE half.</summary>
    F16,

    /// <summary>bfloat16: the upper half of an F32.</summary>
    BF16,

    /// <summary>16-bit signed integer.</summary>
    I16,

    /// <summary>16-bit unsigned integer.</summary>
    U16,

    /// <summary>8-bit float, 4 exponent bits.</summary>
    F8_E4M3,

    /// <summary>8-bit float, 5 exponent bits.</summary>
    F8_E5M2,

    /// <summary>Finite-only variant of <see cref="F8_E4M3"/> with unsigned zero.</summary>
    F8_E4M3FNUZ,

    /// <summary>Finite-only variant of <see cref="F8_E5M2"/> with unsigned zero.</summary>
    F8_E5M2FNUZ,

    /// <summary>8-bit power of two (OCP MX scale).</summary>
    F8_E8M0,

    /// <summary>8-bit signed integer.</summary>
    I8,

    /// <summary>8-bit unsigned integer.</summary>
    U8,

    /// <summary>8-bit boolean.</summary>
    BOOL,

    /// <summary>6-bit float, 2 exponent bits.</summary>
    F6_E2M3,

    /// <summary>6-bit float, 3 exponent bits.</summary>
    F6_E3M2,

    /// <summary>4-bit float (E2M1).</summary>
    F4,
}
