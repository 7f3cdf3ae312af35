#!/usr/bin/env bash
# The main job on a fresh machine: install what is missing, build, compile the digits network for a
# 2x2 chip, run it on the RTL, and print guaranteed, contracted, replayed and measured cycles.
# usage: scripts/run.sh [--limit SAMPLES]   (default 100 of the test set's samples)
set -euo pipefail
cd "$(dirname "$0")/.."

limit=100
while [ $# -gt 0 ]; do
  case "$1" in
    --limit)
      [ $# -ge 2 ] || { echo "run: error: --limit: expected a number" >&2; exit 2; }
      limit=$2
      shift
      ;;
    -h | --help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "run: error: $1: no such option; see --help" >&2; exit 2 ;;
  esac
  shift
done

build=$(realpath -m "${SPIKELOOM_BUILD:-build}")
export SPIKELOOM_CACHE=${SPIKELOOM_CACHE:-$build/chips}
./scripts/setup.sh run
# Without the tests' own models, unless this build folder has them already.
tests=()
[ -e "$build/CMakeCache.txt" ] || tests=(--tests OFF)
./scripts/build.sh "${tests[@]}" spikeloom >&2

show() {
  echo "\$ spikeloom $*"
  "$build/bin/spikeloom" "$@" </dev/null
}
show compile examples/digits/digits.nir --chip chips/mesh2x2.toml -o "$build/digits.loom" \
  --calibrate examples/digits/calibration.npz
show run "$build/digits.loom" --input examples/digits/test.npz --device verilator --limit "$limit" \
  --json "$build/digits.json"
