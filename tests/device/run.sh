#!/usr/bin/env bash
# run.sh [--torch <folder>] [--device cuda|cpu] [--size real|small] [--limit <seconds>] [--only <row,…>]
#
# Prints, as one JSON document, what a device does with QuantBuild.Torch: docs/torch.md says what is in it. It ends within eight minutes.
# Here it needs the .NET SDK and publishes artifacts/device.tar.xz; on a machine that has neither SDK nor network it takes that file, which
# has to be brought there beside this script's repository (run.sh --build makes it and ends). Of the machine it needs a libtorch, that of
# --torch or of its Python, and a libstdc++ of gcc 13; the table is also written to $OUT/device.json where OUT names a folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
bundle=artifacts/device.tar.xz
published=artifacts/device

publish() {
  rm -rf "$published"
  dotnet publish tests/QuantBuild.Torch.Device -c Release -o "$published" -v q -clp:NoSummary >&2
  echo "$published: $(du -sb "$published" | cut -f1) bytes" >&2
}

# tar may lack xz where Python has it.
unpack() {
  local folder
  folder=$(mktemp -d)
  tar -C "$folder" -xJf "$bundle" 2> /dev/null ||
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$bundle" "$folder" 2> /dev/null ||
    { echo "tests/device/run.sh: $bundle cannot be unpacked: it takes tar with xz, or python3" >&2; exit 1; }
  published=$folder/device
}

if [[ ${1:-} == --build ]]; then
  publish
  XZ_OPT=-9 tar -C artifacts -cJf "$bundle" device
  echo "to be copied: $bundle, $(stat -c %s "$bundle") bytes" >&2
  exit
fi

torch=""
arguments=()
while (($# > 0)); do
  case $1 in
    --torch) torch=${2:?--torch names a folder}; shift 2 ;;
    *) arguments+=("$1"); shift ;;
  esac
done
if [[ -z $torch ]]; then
  torch=$(python3 -c 'import importlib.util, os; print(os.path.join(os.path.dirname(importlib.util.find_spec("torch").origin), "lib"))' 2> /dev/null) ||
    { echo "tests/device/run.sh: python3 has no torch here; name a folder with libtorch by --torch" >&2; exit 1; }
fi

if command -v dotnet > /dev/null; then
  publish
elif [[ -f $bundle ]]; then
  unpack
else
  echo "tests/device/run.sh: there is no .NET SDK here, and no $bundle: make it by run.sh --build elsewhere" >&2
  exit 1
fi

command=("$published/quantbuild-device" --torch "$torch" "${arguments[@]}")
# On older systems, in the root that the tests of TorchSharp have; a machine without an SDK has to be new enough.
if [[ -n ${QUANTBUILD_TORCH_ROOT:-} ]] || { command -v dotnet > /dev/null && ! tests/torch/run.sh --loads-here; }; then
  command=(tests/torch/run.sh "${command[@]}")
fi
"${command[@]}" | tee ${OUT:+"$OUT/device.json"}
