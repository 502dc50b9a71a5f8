// What NVRTC has built in and quantize.cu uses, for a clang without CUDA's headers.
#pragma once

#define __device__ __attribute__((device))
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#define __launch_bounds__(threads) __attribute__((launch_bounds(threads)))

struct __attribute__((aligned(8))) uint2 { unsigned x, y; };
struct __attribute__((aligned(16))) uint4 { unsigned x, y, z, w; };
struct __attribute__((aligned(16))) float4 { float x, y, z, w; };

struct __QuantBuildThread { __declspec(property(get = X)) unsigned x; static __device__ unsigned X() { return __nvvm_read_ptx_sreg_tid_x(); } };
struct __QuantBuildBlock { __declspec(property(get = X)) unsigned x; static __device__ unsigned X() { return __nvvm_read_ptx_sreg_ctaid_x(); } };
struct __QuantBuildSize { __declspec(property(get = X)) unsigned x; static __device__ unsigned X() { return __nvvm_read_ptx_sreg_ntid_x(); } };
extern const __device__ __QuantBuildThread threadIdx;
extern const __device__ __QuantBuildBlock blockIdx;
extern const __device__ __QuantBuildSize blockDim;

static inline __device__ unsigned __float_as_uint(float value) { return __builtin_bit_cast(unsigned, value); }
static inline __device__ float __uint_as_float(unsigned bits) { return __builtin_bit_cast(float, bits); }
static inline __device__ float fabsf(float value) { return __builtin_fabsf(value); }
static inline __device__ float rintf(float value) { return __builtin_rintf(value); }
static inline __device__ float ceilf(float value) { return __builtin_ceilf(value); }


static inline __device__ int __shfl_xor_sync(unsigned mask, int value, int lane) { return __nvvm_shfl_sync_bfly_i32(mask, value, lane, 0x1F); }
static inline __device__ unsigned __shfl_xor_sync(unsigned mask, unsigned value, int lane) { return (unsigned)__nvvm_shfl_sync_bfly_i32(mask, (int)value, lane, 0x1F); }
static inline __device__ float __shfl_xor_sync(unsigned mask, float value, int lane) { return __nvvm_shfl_sync_bfly_f32(mask, value, lane, 0x1F); }
static inline __device__ int __syncthreads_or(int value) { return __nvvm_bar0_or(value); }
