// CUDA's driver, its compiler and libtorch's stream in the place of the real ones, as far as a kernel is compiled, loaded and started by them:
// every call checks what it gets, and a kernel runs on the processor (processor.cpp). FAKE_CUDA_FAILS names a call that fails.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

extern "C" int Launch(const char* name, unsigned blocks, unsigned threads, unsigned sharedBytes, const struct QuantizeWork* work);

namespace
{

const int InvalidValue = 1;
const int Failure = 999;
char context, module, stream, program;
void* current = nullptr;
int retained = 0;

bool Fails(const char* call)
{
    const char* name = std::getenv("FAKE_CUDA_FAILS");
    return name != nullptr && std::strcmp(name, call) == 0;
}

const char* const Kernels[] = { "RoundFloats", "RoundBFloats", "FoldFloats", "FoldBFloats" };

}

#define CALL(condition) return Fails(__func__) ? Failure : (condition) ? 0 : InvalidValue

#ifdef DRIVER

extern "C"
{

int cuInit(unsigned flags) { CALL(flags == 0); }

int cuDeviceGet(int* device, int ordinal) { *device = 7; CALL(ordinal == 0); }

int cuDeviceGetAttribute(int* value, int attribute, int device)
{
    *value = attribute == 16 ? 132 : attribute == 75 ? 9 : 0;
    CALL(device == 7);
}

int cuDevicePrimaryCtxRetain(void** result, int device) { *result = &context; retained++; CALL(device == 7); }

int cuDevicePrimaryCtxRelease_v2(int device) { CALL(device == 7 && --retained == 0); }

int cuCtxGetCurrent(void** result) { *result = current; CALL(true); }

int cuCtxSetCurrent(void* chosen) { current = chosen; CALL(chosen == &context); }

int cuModuleLoadData(void** result, const void* image)
{
    *result = &module;
    CALL(current == &context && std::strcmp((const char*)image, "image for sm_90") == 0);
}

int cuModuleUnload(void* unloaded) { CALL(current == &context && unloaded == &module); }

int cuModuleGetFunction(void** result, void* from, const char* name)
{
    for (const char* kernel : Kernels)
    {
        if (std::strcmp(kernel, name) == 0)
        {
            *result = (void*)kernel;
            CALL(from == &module);
        }
    }
    return 500;
}

int cuLaunchKernel(void* function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned threadsY, unsigned threadsZ, unsigned sharedBytes,
    void* on, void** arguments, void** extra)
{
    if (Fails("cuLaunchKernel") || current != &context || y != 1 || z != 1 || threadsY != 1 || threadsZ != 1 || extra != nullptr
        || (uintptr_t)on != 0x5AFE)
        return InvalidValue;
    return Launch((const char*)function, x, threads, sharedBytes, (const QuantizeWork*)arguments[0]) == 0 ? 0 : 719;
}

}

#endif

#ifdef STREAM

extern "C" int aoti_torch_get_current_cuda_stream(int device, void** result) { *result = (void*)0x5AFE; CALL(device == 0); }

#endif

#ifdef COMPILER

extern "C"
{

static std::string text;

int nvrtcCreateProgram(void** result, const char* source, const char* name, int headers, const char* const* contents, const char* const* names)
{
    *result = &program;
    CALL(std::strstr(source, "struct QuantizeWork") != nullptr && headers == 0 && contents == nullptr && names == nullptr && name == nullptr);
}

int nvrtcCompileProgram(void* compiled, int count, const char* const* options)
{
    text = "image for ";
    for (int i = 0; i < count; i++)
    {
        if (std::strncmp(options[i], "--gpu-architecture=", 19) == 0)
            text += options[i] + 19;
    }
    CALL(compiled == &program && count == 3 && std::strcmp(options[2], "--fmad=false") == 0);
}

static const char Log[] = "quantize.cu(7): warning: one\nquantize.cu(8): error: another";

int nvrtcGetProgramLogSize(void*, size_t* size) { *size = sizeof(Log); return 0; }

int nvrtcGetProgramLog(void*, char* log) { std::memcpy(log, Log, sizeof(Log)); return 0; }

int nvrtcGetCUBINSize(void*, size_t* size) { *size = text.size() + 1; return 0; }

int nvrtcGetCUBIN(void*, char* image) { std::memcpy(image, text.c_str(), text.size() + 1); CALL(true); }

int nvrtcDestroyProgram(void** destroyed) { CALL(*destroyed == &program); }

}

#endif
