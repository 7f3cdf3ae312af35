#!/usr/bin/env bash
# Configures and builds into build/ (or $SPIKELOOM_BUILD). usage: scripts/build.sh [ninja targets]
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath -m "${SPIKELOOM_BUILD:-build}")

# Debian's python3: another one first on PATH may lack what the packages bring.
# The configure log shows only when it fails.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DPython3_EXECUTABLE=/usr/bin/python3 >"$log" 2>&1 </dev/null; then
  cat "$log" >&2
  exit 3
fi
ninja -C "$build" "$@" </dev/null
