#!/usr/bin/env bash
# Makes echarts.min.js again from the packages that package-lock.json pins by digest, and holds it against echarts.min.js.sha256.
# With --update the result and its digest are written; do so after changing charts.js or a version in package.json.
# Needs npm; a build of the repository does not: the result is committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp package.json package-lock.json charts.js "$work"
cd "$work"

if [[ ${1:-} == --update ]]; then
  npm install --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved
else
  npm ci --ignore-scripts --no-audit --no-fund
fi
version=$(node -p 'require("./node_modules/echarts/package.json").version')
# The page is handed on without the files beside this one: the notices that licences ask for travel inside.
cat node_modules/zrender/LICENSE > LICENSE.zrender
cat node_modules/echarts/licenses/LICENSE-d3 > LICENSE.d3
{
  echo "/*! Apache ECharts $version, the parts named in charts.js. Copyright The Apache Software Foundation, Apache License 2.0. It contains:"
  echo; echo "zrender"; cat LICENSE.zrender
  echo; echo "d3 (parts)"; cat LICENSE.d3
  echo "*/"
} > banner.txt
npx --no-install esbuild charts.js --bundle --minify --format=iife --target=es2022 --charset=ascii --legal-comments=none \
  --banner:js="$(cat banner.txt)" --outfile=echarts.min.js --log-level=warning
sha256sum echarts.min.js > echarts.min.js.sha256

cd - > /dev/null
if [[ ${1:-} == --update ]]; then
  cp "$work"/{package-lock.json,echarts.min.js,echarts.min.js.sha256} .
  cp "$work/node_modules/echarts/LICENSE" LICENSE
  cp "$work/node_modules/echarts/NOTICE" NOTICE
  cp "$work"/{LICENSE.zrender,LICENSE.d3} .
  echo "updated: $(cat echarts.min.js.sha256)"
else
  cmp "$work/echarts.min.js" echarts.min.js
  cmp "$work/echarts.min.js.sha256" echarts.min.js.sha256
  echo "echarts.min.js is what its packages give: $(cat echarts.min.js.sha256)"
fi
