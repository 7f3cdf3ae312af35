#!/usr/bin/env bash
# Configures and builds into build/ (or $SPIKELOOM_BUILD).
# usage: scripts/build.sh [--tests ON|OFF] [ninja targets]
#   --tests ON|OFF   with the tests (Verilated models and all) or without;
#                    default: as configured before, else ON
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath -m "${SPIKELOOM_BUILD:-build}")

tests=()
if [ "${1:-}" = --tests ]; then
  [ $# -ge 2 ] || { echo "build: error: --tests: expected ON or OFF" >&2; exit 2; }
  tests=("-DBUILD_TESTING=$2")
  shift 2
fi

# Debian's python3: another one first on PATH may lack what the packages bring.
# The configure log shows only when it fails.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DPython3_EXECUTABLE=/usr/bin/python3 "${tests[@]}" >"$log" 2>&1 </dev/null; then
  cat "$log" >&2
  exit 3
fi
ninja -C "$build" "$@" </dev/null
