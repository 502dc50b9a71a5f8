#!/usr/bin/env bash
# compile-kernel.sh [sm_89 sm_90 …]: compiles quantize.cu for GPUs by clang, which needs no CUDA, and looks at what came out: no memory of a
# thread's own (what does not fit into registers), loads and stores of 16 bytes, no fused additions, divisions that round. For whoever
# changes the kernel; it is no part of the tests. clang 16 or newer with the target NVPTX, such as Debian 13's; CLANG names another one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

clang=${CLANG:-$(command -v clang-19 || command -v clang)} || { echo "compile-kernel.sh: there is no clang" >&2; exit 1; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
failed=0

expect() { # file, kernel, what, pattern, at least
  local count
  count=$(grep -c -E -e "$4" "$1" || true)
  if (($5 == 0 ? count > 0 : count < $5)); then
    echo "  $2: $count times $3, $([[ $5 == 0 ]] && echo none is right || echo "at least $5 are right")"
    failed=1
  fi
}

for target in "${@:-sm_89 sm_90}"; do
  for architecture in $target; do
    # NVRTC compiles with -fmad=false; PTX 7.8 has both architectures.
    "$clang" -x cuda -nocudainc -nocudalib --cuda-device-only --cuda-gpu-arch="$architecture" -Xclang -target-feature -Xclang +ptx78 \
      -std=c++17 -fms-extensions -O3 -ffp-contract=off -Wall -Wno-unknown-cuda-version -S \
      -include tests/device/nvrtc.h src/QuantBuild.Torch/Kernels/quantize.cu -o "$out/all.ptx"
    echo "$architecture: $(grep -c '^\.visible \.entry\|\.entry ' "$out/all.ptx") kernels, $(wc -l < "$out/all.ptx") lines of PTX"
    for kernel in RoundFloats RoundBFloats FoldFloats FoldBFloats; do
      awk -v kernel="$kernel" '/\.entry/ { inside = index($0, kernel "(") > 0 } inside' "$out/all.ptx" > "$out/$kernel.ptx"
      registers=$(grep -oE '\.reg \.(b32|f32) .*<[0-9]+>' "$out/$kernel.ptx" | tr -d ';' | sed 's/\.reg //' | tr '\n\t' '  ')
      echo "  $kernel: $(wc -l < "$out/$kernel.ptx") lines; virtual registers $registers"
      expect "$out/$kernel.ptx" "$kernel" "memory of a thread's own" '\.local|local_depot' 0
      expect "$out/$kernel.ptx" "$kernel" "a fused addition" 'fma\.' 0
      expect "$out/$kernel.ptx" "$kernel" "a division that does not round" 'div\.(approx|full)' 0
      expect "$out/$kernel.ptx" "$kernel" "a load of 16 bytes" 'ld(\.global|\.param)?(\.nc)?\.v4' 1
      expect "$out/$kernel.ptx" "$kernel" "a store of 16 bytes" 'st(\.global)?\.v4' 2
      expect "$out/$kernel.ptx" "$kernel" "a shuffle" 'shfl\.sync\.bfly' 18
    done
  done
done
exit "$failed"
