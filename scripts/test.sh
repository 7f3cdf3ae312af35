#!/usr/bin/env bash
# Every check of the project: set up, build, build the test chips, run the tests.
# usage: scripts/test.sh [--quick] [--ci] [--long] [--deb] [--filter REGEX] [--planted [REGEX]]
#                        [--fuzz SECONDS] [--sanitize [REGEX]] [--coverage]
#   --quick          unit tests only: no Verilated chip is built
#   --ci             also what continuous integration checks: the format of C++ and Python; the fuzzers'
#                    corpora under sanitizers, then all fuzzers for some two minutes in all, the same inputs
#                    every time
#   --long           also the tests labelled long (more chips, more random cases)
#   --deb            also the Debian package, in a clean bookworm (scripts/deb.sh --try: root, network)
#   --filter REGEX   only tests whose name matches
#   --planted [REGEX]  instead: plants the faults of tests/planted, whose names or files match, one at a time,
#                    and says which the nearest test program finds (hours; docs/verification.md)
#   --fuzz SECONDS   instead: all fuzzers together for so long; what they learn is kept in the build folder
#   --sanitize [REGEX]  instead: the unit and flow tests under AddressSanitizer and UBSan, then those of
#                    what runs on threads under ThreadSanitizer; only tests whose name matches
#   --coverage       instead: the unit and flow tests, and which lines of each folder they execute
# Prints the seconds of every part and the slowest tests; ends with ctest's own summary.
# The exit code is ctest's.
set -uo pipefail
cd "$(dirname "$0")/.."

quick=no
long=no
deb=no
tiers=(run test)
filter=()
while [ $# -gt 0 ]; do
  case "$1" in
    --quick) quick=yes ;;
    --ci) tiers+=(ci) ;;
    --long) long=yes ;;
    --deb) deb=yes ;;
    --filter)
      [ $# -ge 2 ] || { echo "test: error: --filter: expected a regular expression" >&2; exit 2; }
      filter=(-R "$2")
      shift
      ;;
    --planted)
      exec python3 tests/planted/planted.py run . "${SPIKELOOM_BUILD:-build}" --only "${2:-}"
      ;;
    --fuzz)
      [ $# -ge 2 ] || { echo "test: error: --fuzz: expected seconds" >&2; exit 2; }
      ./scripts/setup.sh run test ci || exit
      exec python3 tests/fuzz/fuzz.py grow "$2"
      ;;
    --sanitize | --coverage) exec python3 scripts/instrumented.py "${1#--}" "${2:-}" ;;
    -h | --help) sed -n '2,/^# Prints/s/^# \{0,1\}//p' "$0" | sed '$d'; exit 0 ;;
    *) echo "test: error: $1: no such option; see --help" >&2; exit 2 ;;
  esac
  shift
done
labels=(-LE '^long$')
[ "$long" = yes ] && labels=()
[ "$quick" = yes ] && labels=(-L '^(unit|repo)$')

build=$(realpath -m "${SPIKELOOM_BUILD:-build}")
export SPIKELOOM_CACHE=${SPIKELOOM_CACHE:-$build/chips}

# Runs a part of the work and keeps its wall and processor seconds.
TIMEFORMAT='%R %U %S'
parts=()
part() {
  local name=$1 code
  shift
  { time "$@" 2>&3; } 3>&2 2>"$seconds"
  code=$?
  parts+=("$(awk -v part="$name" \
    'END {printf "%-8s %7.0f s wall %7.0f s processor", part, $1, $2 + $3}' "$seconds")")
  return $code
}
seconds=$(mktemp)
trap 'rm -f "$seconds"' EXIT

log=$build/test.log
run_tests() {
  ctest --test-dir "$build" -j2 --output-on-failure --no-tests=error --timeout 900 \
    "${labels[@]}" "${filter[@]}" </dev/null >"$log.running" 2>&1 &
  local runner=$!
  tail -n +1 -f --pid=$runner "$log.running" 2>/dev/null |
    awk '/^[0-9]+% tests passed/ {exit} {print; fflush()}'
  wait $runner
}

part set-up ./scripts/setup.sh "${tiers[@]}" || exit
if [ "$quick" = yes ]; then
  part build ./scripts/build.sh --tests ON unit_tests || exit
else
  part build ./scripts/build.sh --tests ON all || exit
  # Chips that several tests use are built once, before the tests; the cache is safe against two builders,
  # but a test that builds a chip would look slow.
  part chips ./scripts/build.sh chips || exit
fi
part tests run_tests
code=$?
mv "$log.running" "$log"
case " ${tiers[*]} " in
  *" ci "*)
    part clang python3 tests/fuzz/fuzz.py build # said apart: it may cost no more than the fuzzers themselves
    fuzzed=$?
    if [ $fuzzed -eq 0 ]; then
      part replayed python3 tests/fuzz/fuzz.py replay
      fuzzed=$?
      # The same inputs every time, so that a run that fails fails again: what chance finds is --fuzz's.
      if [ $fuzzed -eq 0 ]; then
        part fuzzers python3 tests/fuzz/fuzz.py same
        fuzzed=$?
      fi
    fi
    [ $fuzzed -eq 0 ] || [ $fuzzed -eq 77 ] || [ $code -ne 0 ] || code=1
    ;;
esac
if [ "$deb" = yes ]; then part package ./scripts/deb.sh --try || code=3; fi

# ctest's lines look like "12/340 Test #12: Name .....   Passed    0.42 sec".
echo "Slowest tests:"
sed -nE 's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) .* ([0-9.]+) sec.*$/\2 s  \1/p' "$log" |
  sort -rn | head -n 10
echo
printf '%s\n' "${parts[@]}"
echo
sed -n '/^[0-9]*% tests passed/,$p' "$log"
grep -q '% tests passed' "$log" || tail -n 3 "$log"
exit $code
