#!/usr/bin/env bash
#
# Checks monitoring/grafana/dashboard.json, or the file that is named, against Grafana's own types, in the versions of
# package.json. It needs Node.js 18 or later with npm, which gets the types the first time: 30 MB, below .cache.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(cd "$here/../.." && pwd)"
cache="$root/.cache/grafana"
dashboard="${1:-$root/monitoring/grafana/dashboard.json}"

for program in node npm; do
  if ! type -P "$program" >/dev/null; then
    echo "check-dashboard: there is no $program: install Node.js 18 or later with npm (Debian's packages nodejs and npm)" >&2
    exit 1
  fi
done

# Each version is pinned, and there is no lock file, which would name a registry.
if ! cmp -s "$here/package.json" "$cache/package.json"; then
  rm -rf "$cache"
  mkdir -p "$cache"
  echo '*' >"$cache/.gitignore"
  cp "$here/package.json" "$cache"
  if ! (cd "$cache" && npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error >&2); then
    rm "$cache/package.json" # so that the next run tries again
    echo "check-dashboard: npm could not get the packages of hack/grafana/package.json" >&2
    exit 1
  fi
fi
exec node "$here/check.mjs" "$cache" "$dashboard"
