#!/usr/bin/env bash
# Makes a Debian 13 root, once, and prints its folder: TorchSharp's library needs the libstdc++ of gcc 13, which older systems do not have.
# Needs root, debootstrap, and a Debian mirror among the machine's own apt sources. Fails with a sentence when it cannot be made.
set -euo pipefail

suite=trixie
packages=libicu76,libssl3t64,zlib1g,libgomp1,ca-certificates
root=${XDG_CACHE_HOME:-${HOME:?a home folder is needed for the cache}/.cache}/quantbuild/$suite

fail() {
  echo "tests/torch/root.sh: $*" >&2
  exit 1
}

# The folder appears whole or not at all: this file is written last, before the folder gets its name.
[[ -f $root/.made-of && $(< "$root/.made-of") == "$suite $packages" ]] && { echo "$root"; exit 0; }

((EUID == 0)) || fail "a Debian 13 root can be made by root only, and $root does not exist"
command -v debootstrap > /dev/null || fail "debootstrap is not installed"
command -v apt-get > /dev/null || fail "the machine has no apt whose mirror could be asked"

mkdir -p "$(dirname "$root")"
exec 9> "$root.lock"
flock 9
[[ -f $root/.made-of && $(< "$root/.made-of") == "$suite $packages" ]] && { echo "$root"; exit 0; }

mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Identifier: Packages' 'Component: main' | awk '$1 == "Debian" { print $2; exit }')
[[ -n $mirror ]] || fail "no Debian mirror is among the machine's apt sources"

new=$(mktemp -d "$root.XXXXXX")
trap 'rm -rf --one-file-system "$new"' EXIT
log=$(mktemp)
if ! debootstrap --variant=minbase --include="$packages" "$suite" "$new" "$mirror" > "$log" 2>&1; then
  tail -20 "$log" >&2
  rm -f "$log"
  fail "debootstrap of $suite failed"
fi
rm -rf "$log" "$new"/var/cache/apt/archives/*.deb "$new"/usr/share/{doc,man,locale}
chmod 755 "$new"
echo "$suite $packages" > "$new/.made-of"
rm -rf --one-file-system "$root"
mv "$new" "$root"
echo "$root"
