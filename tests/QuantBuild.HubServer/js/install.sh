#!/usr/bin/env bash
# Installs the pinned version of the Hub's JavaScript client into a folder. The package is compared with its known digest before anything of it is
# unpacked; no lock file, because that would name the registry. Scripts of packages are not run.
# Usage: install.sh <folder>   (ends with 77 when npm cannot get the packages)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=2.17.5
sha512=15b4b7f48b7e0be2b9175d23c9a340236c2631a2e93aef8a3743a6f32717734ba6fd1222b313b213fe5e4ea3c42f2f5b008f0965d190dbd9d9633719797cef16
mkdir -p "$1"
cp "$here"/*.mjs "$here/package.json" "$1"
cd "$1"
package=$(npm pack --silent --ignore-scripts "@huggingface/hub@$version") || exit 77 # not to be had here: no failure of ours
echo "$sha512  $package" | sha512sum --check --quiet
npm install --silent --no-save --no-package-lock --no-audit --no-fund --ignore-scripts "./$package" || exit 77
