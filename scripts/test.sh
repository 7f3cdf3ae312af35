#!/usr/bin/env bash
# Every check of the project: set up, build, build the test chips, run the tests.
# usage: scripts/test.sh [--long] [--filter REGEX]
#   --long           also the tests labelled long (more chips, more random cases)
#   --filter REGEX   only tests whose name matches
# Ends with ctest's own summary; the exit code is ctest's.
set -uo pipefail
cd "$(dirname "$0")/.."

long=no
filter=()
while [ $# -gt 0 ]; do
  case "$1" in
    --long) long=yes ;;
    --filter)
      [ $# -ge 2 ] || { echo "test: error: --filter: expected a regular expression" >&2; exit 2; }
      filter=(-R "$2")
      shift
      ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "test: error: $1: no such option; see --help" >&2; exit 2 ;;
  esac
  shift
done
labels=(-LE '^long$')
[ "$long" = yes ] && labels=()

build=$(realpath -m "${SPIKELOOM_BUILD:-build}")
./scripts/setup.sh || exit
./scripts/build.sh all || exit

# Chips that several tests use are built once, before the tests; the cache is safe against two builders,
# but a test that builds a chip would look slow.
export SPIKELOOM_CACHE=${SPIKELOOM_CACHE:-$build/chips}
./scripts/build.sh chips || exit
log=$build/test.log
ctest --test-dir "$build" -j2 --output-on-failure --no-tests=error --timeout 900 \
  "${labels[@]}" "${filter[@]}" </dev/null >"$log.running" 2>&1 &
runner=$!
tail -n +1 -f --pid=$runner "$log.running" 2>/dev/null |
  awk '/^[0-9]+% tests passed/ {exit} {print; fflush()}'
wait $runner
code=$?
mv "$log.running" "$log"

# ctest's lines look like "12/340 Test #12: Name .....   Passed    0.42 sec".
echo "Slowest tests:"
sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) .* ([0-9.]+) sec.*$/\2 s  \1/p' "$log" |
  sort -rn | head -n 10
echo
sed -n '/^[0-9]*% tests passed/,$p' "$log"
grep -q '% tests passed' "$log" || tail -n 3 "$log"
exit $code
