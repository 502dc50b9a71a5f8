// A library in the place of libtorch, for what happens when it is not the right one.
#include <cstdint>
#include <cstdlib>

extern "C" uint64_t aoti_torch_abi_version()
{
#ifdef CRASHES
    std::abort();
#else
    return ((uint64_t)2 << 56) | ((uint64_t)11 << 48);
#endif
}
