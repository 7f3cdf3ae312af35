#!/usr/bin/env bash
# Installs what scripts/packages.txt names for these tiers and this machine lacks.
# Silent when nothing is missing.
# usage: scripts/setup.sh [TIER ...]      TIER: run, test, ci, optional; without one: run and test
# Works as root or through sudo, never asks. Exit code 3: packages are missing and cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."

tiers=("$@")
[ ${#tiers[@]} -gt 0 ] || tiers=(run test)
for tier in "${tiers[@]}"; do
  case "$tier" in
    run | test | ci | optional) ;;
    *) echo "setup: error: $tier: expected tiers among run, test, ci, optional" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "setup: error: not a Debian system; install by hand what scripts/packages.txt names" >&2
  exit 3
fi

missing=()
while read -r package tier _; do
  case "$package" in "" | "#"*) continue ;; esac
  case " ${tiers[*]} " in *" $tier "*) ;; *) continue ;; esac
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done <scripts/packages.txt
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
    echo "setup: error: missing packages and no right to install them; as root:" >&2
    echo "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 3
  fi
  as_root=(sudo -n)
fi

apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
    apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

echo "setup: installing ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { apt update && apt install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "setup: error: apt-get failed (its last lines are above)" >&2
  exit 3
fi
