#!/usr/bin/env bash
# run.sh <command> …: runs a command where TorchSharp can be loaded: here, if the system's libstdc++ is new enough, else in the root that
# root.sh makes. There it sees the SDK, this repository, the packages and the temporary folder at their own places. What is mounted for it
# lives in a mount namespace of its own and is gone with the command, however it ends. --loads-here only says, by its status, which it is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../.." && pwd)

# GLIBCXX_3.4.32, of gcc 13: the newest symbol version that TorchSharp's library asks for.
loads_here() {
  local library
  library=$(ldconfig -p 2> /dev/null | awk '/libstdc\+\+\.so\.6 .*x86-64/ { print $NF; exit }')
  [[ -n $library ]] && grep -q -a 'GLIBCXX_3\.4\.32' "$library"
}

# On a machine that does other things at the same time, threads that wait by spinning take the cores from those that they wait for.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

if [[ ${1:-} == --loads-here ]]; then
  loads_here
  exit
fi

if [[ ${QUANTBUILD_TORCH_ROOT:-} == "" ]] && loads_here; then
  exec "$@"
fi

if ((EUID != 0)); then
  echo "tests/torch/run.sh: this system's libstdc++ is too old for TorchSharp, and only root can run a command in a Debian 13 root" >&2
  exit 1
fi
root=${QUANTBUILD_TORCH_ROOT:-$("$here/root.sh")}
sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
# The command in the path may be a script in front of the host.
[[ -d $sdk/shared ]] || sdk=$(dirname "$(dotnet --list-runtimes | awk 'NR == 1 { sub(/.*\[/, ""); sub(/\].*/, ""); print }')")
sdk=${sdk%/shared}
packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}

export root sdk packages repository DOTNET_ROOT=$sdk PATH=$sdk:/usr/sbin:/usr/bin:/sbin:/bin
inside=$(pwd)
export inside
exec unshare --mount --propagation private -- bash -euo pipefail -c '
  for folder in "$sdk" "$repository" "$packages" /tmp /proc /dev; do
    mkdir -p "$root$folder"
    mount --rbind "$folder" "$root$folder"
  done
  exec chroot "$root" /bin/bash -c '\''cd "$inside" && exec "$@"'\'' bash "$@"
' bash "$@"
