// Runs the kernels of quantize.cu on a processor: the same text, compiled by a C++ compiler. The threads of a thread block are fibers, which
// change at shuffles and barriers; every thread has to come to the same ones, in the same order, or the run ends with an error.
#include <cmath>
#include <csetjmp>
#include <cstring>
#include <ucontext.h>
#include <vector>

struct uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(16) float4 { float x, y, z, w; };
struct Index { unsigned x; };

static unsigned __float_as_uint(float value) { unsigned bits; std::memcpy(&bits, &value, 4); return bits; }
static float __uint_as_float(unsigned bits) { float value; std::memcpy(&value, &bits, 4); return value; }

static const unsigned MaxThreads = 1024;
static const unsigned StackBytes = 1 << 16;
static const unsigned WarpSize = 32;

static Index blockIdx, threadIdx, blockDim;
static jmp_buf scheduler;
static jmp_buf fibers[MaxThreads];
static std::vector<char> stacks(MaxThreads * StackBytes);
static unsigned meetings[MaxThreads]; // how often a thread has met the others
static int places[MaxThreads];        // where it did last, as a line of the source
static unsigned words[2][MaxThreads]; // what it brought, in turns: who is ahead by one does not overwrite what others have to read
static bool ended[MaxThreads];

// Changes of fibers by jumps ask the system for nothing, which swapcontext does each time.
static void Leave(unsigned thread)
{
    if (_setjmp(fibers[thread]) == 0)
        _longjmp(scheduler, 1);
    threadIdx.x = thread;
}

static unsigned Meet(int line, unsigned word)
{
    unsigned thread = threadIdx.x, turn = meetings[thread]++ % 2;
    words[turn][thread] = word;
    places[thread] = line;
    Leave(thread);
    return turn;
}

static unsigned Shuffle(int line, unsigned value, int mask)
{
    unsigned turn = Meet(line, value);
    return words[turn][threadIdx.x ^ (unsigned)mask];
}

static float Shuffle(int line, float value, int mask) { return __uint_as_float(Shuffle(line, __float_as_uint(value), mask)); }

static int Shuffle(int line, int value, int mask) { return (int)Shuffle(line, (unsigned)value, mask); }

static int AnyOf(int line, int value)
{
    unsigned turn = Meet(line, (unsigned)value), any = 0;
    for (unsigned thread = 0; thread < blockDim.x; thread++)
        any |= words[turn][thread];
    return any != 0;
}

#define __device__ static inline
#define __global__
#define __shared__
#define __launch_bounds__(threads)
#define __shfl_xor_sync(mask, value, lane) Shuffle(__LINE__, value, lane)
#define __syncthreads() (void)Meet(__LINE__, 0)
#define __syncthreads_or(value) AnyOf(__LINE__, value)

#include "quantize.cu"

unsigned sharedWords[1 << 16];

static void (*kernel)(QuantizeWork);
static const QuantizeWork* argument;

static void Thread(unsigned thread)
{
    threadIdx.x = thread;
    kernel(*argument);
    ended[thread] = true;
    places[thread] = 0;
    Leave(thread);
}

static void Begin(unsigned thread)
{
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = &stacks[thread * StackBytes];
    context.uc_stack.ss_size = StackBytes;
    context.uc_link = nullptr;
    makecontext(&context, (void (*)())Thread, 1, thread);
    if (_setjmp(scheduler) == 0)
        setcontext(&context);
}

static void Continue(unsigned thread)
{
    if (_setjmp(scheduler) == 0)
        _longjmp(fibers[thread], 1);
}

// One thread block; false when its threads did not meet at the same places.
static bool Run(unsigned threads)
{
    for (unsigned thread = 0; thread < threads; thread++)
    {
        ended[thread] = false;
        meetings[thread] = 0;
        Begin(thread);
    }
    for (;;)
    {
        for (unsigned thread = 1; thread < threads; thread++)
        {
            if (ended[thread] != ended[0] || places[thread] != places[0])
                return false;
        }
        if (ended[0])
            return true;
        for (unsigned thread = 0; thread < threads; thread++)
            Continue(thread);
    }
}

// Runs a kernel. 0 is success; 1 an unknown name or too many threads; 2 threads that did not meet at the same places.
extern "C" int Launch(const char* name, unsigned blocks, unsigned threads, unsigned sharedBytes, const QuantizeWork* work)
{
    kernel = !std::strcmp(name, "RoundFloats") ? RoundFloats : !std::strcmp(name, "RoundBFloats") ? RoundBFloats
        : !std::strcmp(name, "FoldFloats") ? FoldFloats : !std::strcmp(name, "FoldBFloats") ? FoldBFloats : nullptr;
    if (kernel == nullptr || threads > MaxThreads || threads % WarpSize != 0 || sharedBytes > sizeof(sharedWords))
        return 1;
    argument = work;
    blockDim.x = threads;
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)
    {
        // What a thread block finds in shared memory is what another left.
        std::memset(sharedWords, 0xA5, sharedBytes);
        if (!Run(threads))
            return 2;
    }
    return 0;
}
