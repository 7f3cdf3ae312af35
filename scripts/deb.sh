#!/usr/bin/env bash
# Makes a Debian package of the build: build/spikeloom_VERSION_ARCHITECTURE.deb.
# usage: scripts/deb.sh [--try]
#   --try   also installs it in a fresh bookworm of its own (debootstrap, as root, over the network) and runs
#           the digits there, on the model and on Verilated RTL
# SPIKELOOM_MIRROR names the Debian mirror; default: the one that this machine's apt uses.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath -m "${SPIKELOOM_BUILD:-build}")

./scripts/build.sh installation
cd "$build"
rm -f spikeloom_*.deb
cpack -G DEB >cpack.log 2>&1 || { cat cpack.log >&2; exit 3; }
package=$(realpath spikeloom_*.deb)
echo "$package"
[ "${1:-}" = --try ] || exit 0

mirror=${SPIKELOOM_MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)}
root=$(mktemp -d)
trap 'umount "$root/proc" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$build/debootstrap.log" 2>&1 ||
  { tail -n 20 "$build/debootstrap.log" >&2; exit 3; }
for file in /etc/resolv.conf /etc/hosts; do [ -e "$file" ] && cp "$file" "$root$file"; done
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
cp "$package" "$root/tmp/spikeloom.deb"
mount -t proc proc "$root/proc"
chroot "$root" /bin/sh -eu <<'INSIDE'
export DEBIAN_FRONTEND=noninteractive HOME=/root
cd /tmp
apt-get -qq update
install() {
  apt-get -qq install -y --no-install-recommends "$@" >install.log 2>&1 || { cat install.log; exit 1; }
}
install ./spikeloom.deb
digits=/usr/share/doc/spikeloom/examples/digits
chips=/usr/share/spikeloom/chips
spikeloom compile $digits/digits.nir --chip $chips/mesh2x2.toml -o digits.loom
spikeloom run digits.loom --input $digits/test.npz
# What the package recommends, for the RTL.
install verilator g++ make
spikeloom compile $digits/digits.nir --chip $chips/tile1.toml -o tile.loom
spikeloom run tile.loom --input $digits/test.npz --limit 20 --device verilator
INSIDE
echo "deb: installed in a clean bookworm; the digits ran there"
