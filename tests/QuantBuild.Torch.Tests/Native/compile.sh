#!/usr/bin/env bash
# compile.sh <folder>: the native libraries of the tests. The kernel's text for a processor is written last: it stands for all of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=$(realpath -m "$1")
flags=(-std=c++17 -O2 -ffp-contract=off -U_FORTIFY_SOURCE -fPIC -shared -static-libstdc++ -static-libgcc -Wall -Werror -Wno-unknown-pragmas)

# A libtorch of another version, which lacks everything else, and one that ends the process.
mkdir -p "$out/fakes/other" "$out/fakes/crashing"
c++ "${flags[@]}" Native/fake.cpp -Wl,-soname,libc10.so -o "$out/fakes/other/libc10.so"
c++ "${flags[@]}" Native/fake.cpp -Wl,-soname,libtorch.so -o "$out/fakes/other/libtorch.so"
c++ "${flags[@]}" Native/fake.cpp -Wl,-soname,libtorch_cpu.so -Wl,--no-as-needed "$out/fakes/other/libc10.so" -Wl,-rpath,'$ORIGIN' \
  -o "$out/fakes/other/libtorch_cpu.so"
c++ "${flags[@]}" -DCRASHES Native/fake.cpp -o "$out/fakes/crashing/libtorch_cpu.so"

# CUDA: the compiler is found through the library that libtorch has for it, as it is in a real one.
kernels=../../src/QuantBuild.Torch/Kernels
mkdir -p "$out/fakes/cuda"
cuda=("${flags[@]}" -Wno-unused-variable -Wno-unused-function -I"$kernels" Native/fake_cuda.cpp)
c++ "${cuda[@]}" -DDRIVER Kernels/processor.cpp -Wl,-soname,libcuda.so.1 -o "$out/fakes/cuda/libcuda.so.1"
c++ "${cuda[@]}" -DSTREAM -Wl,-soname,libtorch_cuda.so -o "$out/fakes/cuda/libtorch_cuda.so"
c++ "${cuda[@]}" -DCOMPILER -Wl,-soname,libnvrtc.so.13 -o "$out/fakes/cuda/libnvrtc.so.13"
c++ "${flags[@]}" Native/fake.cpp -Wl,-soname,libcaffe2_nvrtc.so -Wl,--no-as-needed "$out/fakes/cuda/libnvrtc.so.13" -Wl,-rpath,'$ORIGIN' \
  -o "$out/fakes/cuda/libcaffe2_nvrtc.so"

c++ "${flags[@]}" -I"$kernels" Kernels/processor.cpp -o "$out/libquantize.so"
