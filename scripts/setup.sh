#!/usr/bin/env bash
# usage: setup.sh [--bench-peers | --lint | --coverage | --package | --deploy | --report]
# Installs the packages that are missing, from Debian 12 itself, its backports, and Debian 13. The two extra suites are
# read through a private apt configuration in a temporary folder, so the system's own source lists stay as they are; the
# mirror is the one that the system already uses.
set -euo pipefail

# Everything that a fresh Debian 12 lacks, by the suite that it comes from.
stable="cmake ninja-build g++ pkg-config git ca-certificates python3 clang-19 lld-19 libclang-rt-19-dev
  clang-format-19 libabsl-dev libsqlite3-dev libcrypt-dev libgtest-dev libbenchmark-dev libb2-dev libspdlog-dev libfmt-dev nlohmann-json3-dev
  libcli11-dev libnl-3-dev libnl-nf-3-dev libnl-route-3-dev libcap-dev libc-ares-dev wireguard-tools
  iproute2 iputils-ping nftables tcpdump socat iperf3 procps util-linux nginx-light curl openssl iptables valgrind ethtool nodejs"
[ "$(uname -m)" != x86_64 ] || stable+=" libipsec-mb-dev"
backports="android-libboringssl-dev linux-libc-dev wireguard-go"
trixie="liburing2 liburing-dev libllhttp-dev"
# The mirror of the system's own `bookworm main`, as apt understands its configuration (by codename once it has been
# updated, by release before that).
mirror_by() {
  apt-get indextargets --format "\$($1) \$(COMPONENT) \$(REPO_URI)" 'Created-By: Packages' 2>/dev/null |
    awk '$1 == "bookworm" && $2 == "main" { print $3; exit }'
}
find_mirror() {
  mirror=$(mirror_by CODENAME)
  [ -n "$mirror" ] || mirror=$(mirror_by RELEASE)
  [ -n "$mirror" ] || { echo "ringwire: apt knows no 'bookworm main': add it to /etc/apt, then run ./dev setup again" >&2; exit 1; }
}

case ${1:-} in
  '') ;;
  --print-mirror) find_mirror && echo "$mirror" && exit 0 ;;  # for tests that make systems from it
  --bench-peers)  # what `./dev bench e2e` compares with, and the newest build of the tests' WireGuard peer
    stable+=" openvpn"
    backports=${backports/wireguard-go/}
    trixie+=" nebula wireguard-go" ;;
  --lint) stable+=" clang-tidy-19" ;;  # for `./dev lint`
  --coverage) stable+=" llvm-19" ;;
  --report) stable+=" chromium" && { command -v npm >/dev/null || stable+=" npm"; } ;;  # for `./dev bench report --check`
  --package) stable+=" debhelper dpkg-dev lintian" ;;
  --deploy)  # for `./dev image` and `./dev test-deploy`: engines for containers, fresh systems of Debian, nspawn
    stable+=" debhelper dpkg-dev lintian buildah podman runc netavark uidmap slirp4netns fuse-overlayfs mmdebstrap
      systemd-container python3-yaml libqrencode4 zbar-tools chromium"
    command -v npm >/dev/null || stable+=" npm" ;;
  *) echo "usage: ./dev setup [--bench-peers | --lint | --coverage | --package | --deploy | --report]" >&2; exit 2 ;;
esac

# What manages name servers for the end-to-end tests is unpacked and not installed: it would take the place of what does so
# on this system.
openresolv=/usr/local/lib/ringwire-tests/openresolv

missing() {  # the names of a list that are not installed (or, for versions that matter, too old)
  local name
  for name in $1; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$name" 2>/dev/null | grep '^ii' >/dev/null || echo "$name"
  done
}
too_old() {  # NAME MINIMUM: prints NAME when the installed version is below MINIMUM or absent
  local have
  have=$(dpkg-query -W -f='${Version}' "$1" 2>/dev/null) && dpkg --compare-versions "$have" ge "$2" || echo "$1"
}
outdated() {  # the names of a list whose installed version does not do
  local name
  for name in $1; do
    case $name in
      android-libboringssl-dev) too_old "$name" 14 ;;
      linux-libc-dev) too_old "$name" 6.7 ;;
      wireguard-go) too_old "$name" "$2" ;;
      liburing*) too_old "$name" 2.9 ;;
      nebula) too_old "$name" 1.9 ;;
      *) missing "$name" ;;
    esac
  done
}

if ! command -v dpkg-query >/dev/null || ! grep -q '^VERSION_ID="12"' /etc/os-release; then
  if command -v cmake >/dev/null && command -v clang++-19 >/dev/null; then exit 0; fi
  printf 'ringwire: set-up installs packages on Debian 12 only. Install these with your package manager:\n%s\n' \
    "$stable (Debian 12 names) $backports (BoringSSL, kernel headers >= 6.7, a WireGuard peer) $trixie (liburing >= 2.9)" >&2
  exit 1
fi

want_stable=$(missing "$stable")
want_backports=$(outdated "$backports" 0.0.2023)
# Debian 13's wireguard-go has the same source as the backport, built with a newer Go.
want_trixie=$(outdated "$trixie" 0.0.20231211-1+b)
want_unpacked=
[ -x $openresolv/sbin/resolvconf ] || want_unpacked=openresolv
[ -n "$want_stable$want_backports$want_trixie$want_unpacked" ] || exit 0
if [ "$(id -u)" != 0 ]; then
  echo "ringwire: set-up needs root to install:" $want_stable $want_backports $want_trixie $want_unpacked \
    "(try: sudo ./dev setup)" >&2
  exit 1
fi

private=$(mktemp -d /tmp/ringwire-apt.XXXXXX)
trap 'rm -rf "$private"' EXIT
mkdir -p "$private/sources.d" "$private/preferences.d" "$private/lists/partial"
chmod 755 "$private" "$private"/*
cp -a /etc/apt/sources.list "$private/sources.list" 2>/dev/null || : >"$private/sources.list"
cp -a /etc/apt/sources.list.d/. "$private/sources.d/"
cp -a /etc/apt/preferences.d/. "$private/preferences.d/"

find_mirror
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
option=
[ ! -f "$keyring" ] || option="[signed-by=$keyring] "
printf 'deb %s%s bookworm-backports main\ndeb %s%s trixie main\n' "$option" "$mirror" "$option" "$mirror" \
  >"$private/sources.d/ringwire.list"
printf 'Package: *\nPin: release n=trixie\nPin-Priority: 50\n' >"$private/preferences.d/ringwire"

# The tests run nginx themselves: the service that comes with the package is not started, now or at boot.
apt() {
  DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 RUNLEVEL=1 apt-get -q -o Dir::Etc::sourcelist="$private/sources.list" \
    -o Dir::Etc::sourceparts="$private/sources.d" -o Dir::Etc::preferencesparts="$private/preferences.d" \
    -o Dir::State::lists="$private/lists" -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@"
}
echo "ringwire: installing" $want_stable $want_backports $want_trixie $want_unpacked
apt update >"$private/log" 2>&1 || { cat "$private/log" >&2; exit 1; }
# One transaction, each package from the suite that it was proved with.
request=()
for name in $want_stable; do request+=("$name"); done
for name in $want_backports; do request+=("$name/bookworm-backports"); done
for name in $want_trixie; do request+=("$name/trixie"); done
if [ ${#request[@]} -gt 0 ]; then
  apt install -y --no-install-recommends "${request[@]}" >"$private/log" 2>&1 || { cat "$private/log" >&2; exit 1; }
  case " $want_stable " in
    *[[:space:]]nginx-light[[:space:]]*) update-rc.d nginx disable >"$private/log" 2>&1 || { cat "$private/log" >&2; exit 1; } ;;
  esac
fi
if [ -n "$want_unpacked" ]; then
  (cd "$private" && apt download openresolv/bookworm) >"$private/log" 2>&1 || { cat "$private/log" >&2; exit 1; }
  mkdir -p ${openresolv%/*}
  dpkg-deb -x "$private"/openresolv_*.deb $openresolv
fi
