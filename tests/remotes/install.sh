#!/usr/bin/env bash
# install.sh: brings the servers of clouds' protocols that tests/QuantBuild.Remotes.Tests starts on the loopback address, once, into the user's
# cache folder (or QUANTBUILD_TEST_SERVERS), and prints that folder. Needs node and npm. Nothing but the tests uses them.
set -euo pipefail
azurite=3.37.0 s3rver=3.7.1
folder=${QUANTBUILD_TEST_SERVERS:-${XDG_CACHE_HOME:-$HOME/.cache}/quantbuild-tests/servers}
installed="azurite $azurite, s3rver $s3rver"

if [[ $(cat "$folder/installed" 2> /dev/null) != "$installed" ]]; then
  command -v npm > /dev/null || { echo "tests/remotes/install.sh: npm is not on this machine: apt-get install nodejs npm" >&2; exit 1; }
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-audit --no-fund --no-save --ignore-scripts "azurite@$azurite" "s3rver@$s3rver" >&2
  echo "$installed" > "$folder/installed"
fi
echo "$folder"
