// Rounds activations to MXFP4, a thread block per token row: what plain operations do in some thirty passes over the memory, in one.
// Every bit is theirs (Formats/OperationQuantizer.cs): no fused additions (-fmad=false), subnormals stay, -0 stays.
//
// A thread has 8 neighbours of a row, four threads have a block of 32. A row that is folded to FP8 is gone over twice, because the largest
// exponent comes first; its 4-bit codes wait in shared memory. Every thread passes every shuffle and barrier: rows are cut alike.

struct QuantizeWork
{
    const void* x;          // [rows, columns], float or bfloat16
    const float* smooth;    // [columns], or null
    float* smoothed;        // receives x / s, rotated, [rows, columns]; or null
    void* values;           // receives bfloat16 [rows, >= columns], or e4m3 [rows, padded columns]
    float* rowScales;       // receives [rows]; folds only
    unsigned char* fits;    // receives [rows], 1 where every value is exact; folds only
    long long stride;       // elements from one row of values to the next
    int columns;
    int exponentOffset;     // added to the exponent of every block's scale
    float ratio;            // multiplies a block's largest magnitude
    float limit;            // values are clamped to plus and minus it; infinity for none
    int tiesToEven;
    int rotated;            // whether blocks of 32 are transformed by Hadamard's matrix
};

// For sums over a thread block, a word of each warp; behind it codes, and behind them scales, of every chunk of the row.
extern __shared__ unsigned sharedWords[];

namespace
{

const int Chunk = 8;        // elements of a thread
const int Lanes = 4;        // threads of a block of 32
const int WarpThreads = 32;
const int EmptyBlock = 255; // where a scale is expected: a block without a value
const unsigned AllLanes = 0xFFFFFFFFu;

__device__ float PowerOfTwo(int code) // 2^(code - 127), code from 0 to 254
{
    return __uint_as_float(code == 0 ? 0x00400000u : (unsigned)code << 23);
}

// The E8M0 byte of a block's scale: the least at which nothing saturates, moved by the offset.
__device__ int ScaleCode(float maximum, int offset)
{
    if (maximum == 0)
        return 127;
    unsigned bits = __float_as_uint(maximum);
    int exponent = 127;
    if (bits < 0x7F800000u)
    {
        int subnormal = bits < 0x00800000u ? 23 : 0;
        if (subnormal != 0)
            bits = __float_as_uint(maximum * 8388608.0f);
        exponent = (int)(bits >> 23) - 127 - subnormal - ((bits & 0x007FFFFFu) > 0x00400000u ? 1 : 2);
    }
    exponent += offset;
    return (exponent < -127 ? -127 : exponent > 127 ? 127 : exponent) + 127;
}

// The E2M1 code of a value in units of its block's scale; the sign of a zero stays.
__device__ unsigned Code(float value, int tiesToEven)
{
    float magnitude = fabsf(value);
    magnitude = magnitude > 6.0f ? 6.0f : magnitude;
    // Steps of a half below 2, of 1 below 4, of 2 above.
    float steps = magnitude * (magnitude >= 4.0f ? 0.5f : magnitude >= 2.0f ? 1.0f : 2.0f);
    steps = tiesToEven ? rintf(steps) : ceilf(steps - 0.5f);
    unsigned code = (unsigned)(int)steps + (magnitude >= 4.0f ? 4u : magnitude >= 2.0f ? 2u : 0u);
    return code | (__float_as_uint(value) >> 31 << 3);
}

__device__ float Magnitude(unsigned code) // of an E2M1 code
{
    code &= 7;
    return __uint_as_float(code < 2 ? code * 0x3F000000u : ((126u + (code >> 1)) << 23) | ((code & 1) << 22));
}

__device__ void LoadFloats(const float* source, float* v)
{
    const float4* vectors = (const float4*)source;
    float4 a = vectors[0], b = vectors[1];
    v[0] = a.x; v[1] = a.y; v[2] = a.z; v[3] = a.w;
    v[4] = b.x; v[5] = b.y; v[6] = b.z; v[7] = b.w;
}

__device__ void Load(const float* row, int column, float* v)
{
    LoadFloats(row + column, v);
}

__device__ void Load(const unsigned short* row, int column, float* v) // bfloat16: the upper half of a float
{
    uint4 words = *(const uint4*)(row + column);
    v[0] = __uint_as_float(words.x << 16); v[1] = __uint_as_float(words.x & 0xFFFF0000u);
    v[2] = __uint_as_float(words.y << 16); v[3] = __uint_as_float(words.y & 0xFFFF0000u);
    v[4] = __uint_as_float(words.z << 16); v[5] = __uint_as_float(words.z & 0xFFFF0000u);
    v[6] = __uint_as_float(words.w << 16); v[7] = __uint_as_float(words.w & 0xFFFF0000u);
}

__device__ float One(const float* row, int column) { return row[column]; }

__device__ float One(const unsigned short* row, int column) { return __uint_as_float((unsigned)row[column] << 16); }

// A pair at a distance of the transform's stages: (a, b) becomes (a + b, a - b).
__device__ void Pair(float& a, float& b)
{
    float sum = a + b;
    b = a - b;
    a = sum;
}

// Hadamard's transform of 32 values that four lanes have: distances 1, 2, 4 within a thread, 8 and 16 between threads.
__device__ void Rotate(float* v, int thread)
{
    #pragma unroll
    for (int distance = 1; distance < Chunk; distance *= 2)
    {
        #pragma unroll
        for (int i = 0; i < Chunk; i++)
        {
            if ((i & distance) == 0)
                Pair(v[i], v[i + distance]);
        }
    }
    #pragma unroll
    for (int lane = 1; lane < Lanes; lane *= 2)
    {
        #pragma unroll
        for (int i = 0; i < Chunk; i++)
        {
            float other = __shfl_xor_sync(AllLanes, v[i], lane);
            v[i] = (thread & lane) == 0 ? v[i] + other : other - v[i];
        }
    }
}

// The smoothed input of a chunk, zeros beyond the row; written where it is wanted.
template <typename T>
__device__ void Smoothed(const QuantizeWork& work, const T* row, float* smoothedRow, int column, bool vectors, int thread, float* v)
{
    int count = work.columns - column;
    count = count < 0 ? 0 : count > Chunk ? Chunk : count;
    if (vectors && count > 0)
    {
        Load(row, column, v);
        if (work.smooth != nullptr)
        {
            float s[Chunk];
            LoadFloats(work.smooth + column, s);
            #pragma unroll
            for (int i = 0; i < Chunk; i++)
                v[i] = v[i] / s[i];
        }
    }
    else
    {
        #pragma unroll
        for (int i = 0; i < Chunk; i++)
            v[i] = i >= count ? 0.0f : work.smooth == nullptr ? One(row, column + i) : One(row, column + i) / work.smooth[column + i];
    }
    if (work.rotated)
        Rotate(v, thread);
    if (smoothedRow == nullptr)
        return;
    if (vectors && count > 0)
    {
        float4 a, b;
        a.x = v[0]; a.y = v[1]; a.z = v[2]; a.w = v[3];
        b.x = v[4]; b.y = v[5]; b.z = v[6]; b.w = v[7];
        float4* target = (float4*)(smoothedRow + column);
        target[0] = a;
        target[1] = b;
        return;
    }
    // Downwards: upwards a compiler takes the last store for that of the vectors, and splits them.
    #pragma unroll
    for (int i = Chunk - 1; i >= 0; i--)
    {
        if (i < count)
            smoothedRow[column + i] = v[i];
    }
}

// Codes of a chunk, the first in the lowest four bits, and the scale of its block.
__device__ unsigned Round(const QuantizeWork& work, float* v, int& scale)
{
    unsigned most = 0;
    #pragma unroll
    for (int i = 0; i < Chunk; i++)
    {
        // NaN counts as zero; infinities stay.
        v[i] = v[i] != v[i] ? 0.0f : v[i] > work.limit ? work.limit : v[i] < -work.limit ? -work.limit : v[i];
        unsigned bits = __float_as_uint(v[i]) & 0x7FFFFFFFu;
        most = bits > most ? bits : most;
    }
    #pragma unroll
    for (int lane = 1; lane < Lanes; lane *= 2)
    {
        unsigned other = __shfl_xor_sync(AllLanes, most, lane);
        most = other > most ? other : most;
    }
    scale = ScaleCode(__uint_as_float(most) * work.ratio, work.exponentOffset);
    float inverse = PowerOfTwo(254 - scale);
    unsigned codes = 0;
    #pragma unroll
    for (int i = 0; i < Chunk; i++)
        codes |= Code(v[i] * inverse, work.tiesToEven) << (4 * i);
    return codes;
}

__device__ unsigned BFloat16(unsigned codes, int i, float scale) // exact: the upper half of the float is the value
{
    unsigned code = codes >> (4 * i);
    return (__float_as_uint(Magnitude(code) * scale) >> 16) | ((code & 8) << 12);
}

template <typename T>
__device__ void RoundRow(const QuantizeWork& work)
{
    long long at = blockIdx.x;
    const T* row = (const T*)work.x + at * work.columns;
    float* smoothed = work.smoothed == nullptr ? nullptr : work.smoothed + at * work.columns;
    unsigned short* values = (unsigned short*)work.values + at * work.stride;
    bool vectors = work.columns % Chunk == 0;
    int thread = threadIdx.x, padded = (work.columns + 31) / 32 * 32;
    for (int first = 0; first < padded; first += blockDim.x * Chunk)
    {
        int column = first + thread * Chunk, scale;
        float v[Chunk];
        Smoothed(work, row, smoothed, column, vectors, thread, v);
        unsigned codes = Round(work, v, scale);
        float factor = PowerOfTwo(scale);
        if (vectors && column < work.columns)
        {
            uint4 words;
            words.x = BFloat16(codes, 0, factor) | BFloat16(codes, 1, factor) << 16;
            words.y = BFloat16(codes, 2, factor) | BFloat16(codes, 3, factor) << 16;
            words.z = BFloat16(codes, 4, factor) | BFloat16(codes, 5, factor) << 16;
            words.w = BFloat16(codes, 6, factor) | BFloat16(codes, 7, factor) << 16;
            *(uint4*)(values + column) = words;
            continue;
        }
        for (int i = 0; i < Chunk && column + i < work.columns; i++)
            values[column + i] = (unsigned short)BFloat16(codes, i, factor);
    }
}

// An E2M1 code times a power of two as e4m3, nearest with ties to even; says whether that is not exact.
__device__ unsigned E4M3(unsigned codes, int i, float factor, int& misfit)
{
    unsigned code = codes >> (4 * i), sign = (code & 8) << 4;
    float value = Magnitude(code) * factor;
    // From 2^-6 on one mantissa bit always fits; below, e4m3 has steps of 2^-9.
    if (value >= 0.015625f)
        return ((__float_as_uint(value) >> 20) - (120u << 3)) | sign;
    float steps = value * 512.0f, rounded = rintf(steps);
    misfit |= rounded != steps ? 1 : 0;
    return (unsigned)(int)rounded | sign;
}

template <typename T>
__device__ void FoldRow(const QuantizeWork& work)
{
    long long at = blockIdx.x;
    const T* row = (const T*)work.x + at * work.columns;
    float* smoothed = work.smoothed == nullptr ? nullptr : work.smoothed + at * work.columns;
    bool vectors = work.columns % Chunk == 0;
    int thread = threadIdx.x, padded = (work.columns + 31) / 32 * 32, chunks = padded / Chunk, top = -1;
    unsigned* waiting = sharedWords + WarpThreads;
    unsigned char* scales = (unsigned char*)(waiting + chunks);
    for (int first = 0; first < padded; first += blockDim.x * Chunk)
    {
        int column = first + thread * Chunk, scale;
        float v[Chunk];
        Smoothed(work, row, smoothed, column, vectors, thread, v);
        unsigned codes = Round(work, v, scale), some = codes & 0x77777777u;
        #pragma unroll
        for (int lane = 1; lane < Lanes; lane *= 2)
            some |= __shfl_xor_sync(AllLanes, some, lane);
        top = some != 0 && scale > top ? scale : top;
        if (column < padded)
        {
            waiting[column / Chunk] = codes;
            scales[column / Chunk] = (unsigned char)(some == 0 ? EmptyBlock : scale);
        }
    }
    #pragma unroll
    for (int lane = 1; lane < WarpThreads; lane *= 2)
    {
        int other = __shfl_xor_sync(AllLanes, top, lane);
        top = other > top ? other : top;
    }
    if (thread % WarpThreads == 0)
        sharedWords[thread / WarpThreads] = (unsigned)(top + 1);
    __syncthreads();
    for (int warp = 0; warp < (int)blockDim.x / WarpThreads; warp++)
        top = (int)sharedWords[warp] - 1 > top ? (int)sharedWords[warp] - 1 : top;
    int misfit = top >= 0 && top < 6 ? 1 : 0;
    top = top < 0 ? 0 : top;
    uint2* values = (uint2*)((unsigned char*)work.values + at * work.stride);
    for (int chunk = thread; chunk < chunks; chunk += blockDim.x)
    {
        unsigned codes = waiting[chunk];
        int scale = scales[chunk], shift = scale - top + 133;
        float factor = PowerOfTwo(scale == EmptyBlock ? 127 : shift < 0 ? 0 : shift);
        uint2 words;
        words.x = E4M3(codes, 0, factor, misfit) | E4M3(codes, 1, factor, misfit) << 8
            | E4M3(codes, 2, factor, misfit) << 16 | E4M3(codes, 3, factor, misfit) << 24;
        words.y = E4M3(codes, 4, factor, misfit) | E4M3(codes, 5, factor, misfit) << 8
            | E4M3(codes, 6, factor, misfit) << 16 | E4M3(codes, 7, factor, misfit) << 24;
        values[chunk] = words;
    }
    misfit = __syncthreads_or(misfit);
    if (thread == 0)
    {
        work.rowScales[at] = PowerOfTwo(top < 6 ? 0 : top - 6);
        work.fits[at] = misfit ? 0 : 1;
    }
}

}

extern "C" __global__ void __launch_bounds__(128) RoundFloats(QuantizeWork work) { RoundRow<float>(work); }

extern "C" __global__ void __launch_bounds__(128) RoundBFloats(QuantizeWork work) { RoundRow<unsigned short>(work); }

extern "C" __global__ void __launch_bounds__(128) FoldFloats(QuantizeWork work) { FoldRow<float>(work); }

extern "C" __global__ void __launch_bounds__(128) FoldBFloats(QuantizeWork work) { FoldRow<unsigned short>(work); }
