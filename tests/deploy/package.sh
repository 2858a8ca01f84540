#!/usr/bin/env bash
# usage: package.sh BUILD_DIRECTORY FOLDER: the Debian package in fresh systems of Debian 12 and 13: installs, runs a tunnel, is upgraded
# under it, removed and purged, and leaves nothing. The systems come from the mirror that apt uses here.
source "$(dirname "$0")/lib.sh"

for tool in mmdebstrap dpkg-deb ip; do command -v $tool >/dev/null || fail "needs $tool: ./dev setup --deploy"; done
deb=$(echo "$deploy_made"/ringwire_*.deb)
network=ringwire-deploy-$$

end() {
  local status=$?
  for root in "$work"/*/proc; do umount "$root" 2>/dev/null || true; done
  ip netns del "$network" 2>/dev/null || true
  rm -rf "$work"
  exit $status
}
trap end EXIT

# The files of a system, without those that apt and dpkg write for themselves, and caches.
list() {
  (cd "$root" && find . -path ./proc -prune -o -path ./var/cache -prune -o -path ./var/lib/apt -prune -o -path ./var/lib/dpkg -prune -o \
    -path ./var/log -prune -o -path ./tmp -prune -o -path ./dev -prune -o -name '*-' -prune -o -print | LC_ALL=C sort)
}
inside() { DEBIAN_FRONTEND=noninteractive LC_ALL=C ip netns exec "$network" chroot "$root" "$@"; }
apt() { DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$root" apt-get -q -y -o Dpkg::Use-Pty=0 "$@"; }

# A package with a higher version and the same files, for the upgrade.
dpkg-deb -R "$deb" "$work/newer"
sed -i 's/^Version: .*/&+1/' "$work/newer/DEBIAN/control"
dpkg-deb --root-owner-group -b "$work/newer" "$work/newer.deb" >/dev/null

for suite in bookworm trixie; do
  say "$suite"
  root=$work/$suite
  fresh_system "$suite" "$root"
  ip netns add "$network"
  ip -n "$network" link set lo up
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  mount -t proc proc "$root/proc"
  mkdir -p "$root/dev/net" && [ -c "$root/dev/net/tun" ] || mknod -m 666 "$root/dev/net/tun" c 10 200
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod 755 "$root/usr/sbin/policy-rc.d"
  cp /etc/apt/apt.conf.d/99* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
  apt update >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "apt update in $suite"; }
  # What other packages leave is not ringwire's.
  apt satisfy --no-install-recommends "$(dpkg-deb -f "$deb" Depends)" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "install what it needs"; }
  list >"$work/before"

  cp "$deb" "$root/ringwire.deb" && cp "$work/newer.deb" "$root/newer.deb"
  check "installs" apt install --no-install-recommends /ringwire.deb
  check "starts" inside /usr/bin/ringwire --version
  check "has its accounts" grep -q '^ringwire-relay:' "$root/etc/passwd"
  inside sh -c 'umask 077 && mkdir -p /etc/ringwire && ringwire genkey >/etc/ringwire/wg0.key &&
    printf "[Interface]\nPrivateKeyFile = wg0.key\nListenPort = 51820\nAddress = 10.77.0.1/24\n[Gateway]\nForward = on\nMasquerade = auto\n" >/etc/ringwire/wg0.conf'
  check "checks a configuration" inside ringwire check wg0
  check "brings a tunnel up" inside ringwire up wg0
  check "with its rules" inside nft list table inet ringwire-wg0
  before=$(inside ringwire show --json wg0 | grep -o '"public_key":"[^"]*"' | head -n 1)
  upgraded_relay() {  # its process
    local process
    for process in $(ip netns pids "$network"); do
      if tr '\0' ' ' <"/proc/$process/cmdline" | grep '^ringwire-relay wg0 ' >/dev/null; then echo "$process"; fi
    done
  }
  check_equal "by the program that started it" '' "$(upgraded_relay)"
  check "is upgraded" apt install /newer.deb
  check "and the tunnel goes on with the new program" test -n "$(upgraded_relay)"
  check_equal "under a tunnel that stays up" "$before" "$(inside ringwire show --json wg0 | grep -o '"public_key":"[^"]*"' | head -n 1)"
  check "is removed" inside apt-get -q -y remove ringwire
  if ip -n "$network" link show wg0 >/dev/null 2>&1; then fail "the tunnel is still up"; fi
  check_equal "with the tunnel and its rules" '' "$(ip netns exec "$network" nft list ruleset)"
  check "keeps the configuration" test -s "$root/etc/ringwire/wg0.key"
  check "is purged" apt purge ringwire
  rm -rf "$root/etc/ringwire" "$root/ringwire.deb" "$root/newer.deb"
  list >"$work/after"
  diff "$work/before" "$work/after" >"$work/diff" || { cat "$work/diff" >&2; fail "the purge leaves or takes files"; }
  echo "ok: and leaves nothing"
  umount "$root/proc"
  ip netns del "$network"
  rm -rf "$root"
done

say "the list of parts"
check "names each part of docs/licences.md" python3 - "$deploy_root/docs/licences.md" "$deploy_made"/ringwire-*.spdx.json <<'PYTHON'
import json, re, sys
document = json.load(open(sys.argv[2]))
assert document["spdxVersion"] == "SPDX-2.3" and document["documentNamespace"].startswith("https://")
names = {package["name"] for package in document["packages"]}
known = {package["SPDXID"] for package in document["packages"]} | {"SPDXRef-DOCUMENT"}
for relation in document["relationships"]:
    assert relation["spdxElementId"] in known and relation["relatedSpdxElement"] in known, relation
rows = [line.split("|") for line in open(sys.argv[1]) if re.search(r"\| (linked|headers|compiled|loaded)", line)]
assert len(rows) > 10
for row in rows:
    wanted = re.findall("`([^`*]+)`", row[4])
    assert any(name in names for name in wanted) or "x86-64" in row[1], row
PYTHON
echo "ok: all of the package"
