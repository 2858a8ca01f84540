#!/usr/bin/env bash
# usage: systemd.sh BUILD_DIRECTORY FOLDER: the package under a real systemd, which runs as process 1 of a container of podman: the unit,
# its reload, its watchdog, its key as a credential, strict.conf, and the end.
source "$(dirname "$0")/lib.sh"

for tool in podman runc mmdebstrap; do command -v $tool >/dev/null || fail "needs $tool: ./dev setup --deploy"; done
[ -c /dev/net/tun ] || { not_run "all of it: needs /dev/net/tun"; exit 0; }
deb=$(echo "$deploy_made"/ringwire_*.deb)
engine=(podman --root "$work/storage" --runroot "$work/runroot" --tmpdir "$work/tmp" --cgroup-manager cgroupfs --runtime runc)
end() {
  local status=$?
  [ $status = 0 ] || inside journalctl --no-pager -n 40 2>/dev/null || true
  "${engine[@]}" rm -f -t 0 -a >/dev/null 2>&1 || true
  umount -R -l "$work/storage/overlay" 2>/dev/null || true
  rm -rf "$work"
  exit $status
}
trap end EXIT
inside() { "${engine[@]}" exec system "$@"; }

fresh_system bookworm "$work/system" systemd,dbus,nftables,iproute2,libnl-3-200,libnl-route-3-200,libnl-nf-3-200
"${engine[@]}" run -d --name system --network none --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 --systemd=always \
  --cap-add SYS_ADMIN,NET_ADMIN,SYS_PTRACE --security-opt seccomp=unconfined --security-opt apparmor=unconfined --device /dev/net/tun \
  --rootfs "$work/system" /lib/systemd/systemd >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "podman cannot start a system"; }
booted() { inside systemctl is-system-running | grep -E 'running|degraded' >/dev/null; }
deadline=$((SECONDS + patience))
until booted 2>/dev/null; do
  ((SECONDS < deadline)) || { not_run "all of it: systemd does not start in a container here"; exit 0; }
  read -r -t 0.2 _ <>"$work/never" || true
done
cp "$deb" "$work/system/ringwire.deb"
check "the package installs" inside dpkg -i /ringwire.deb
check "and verifies its unit" inside systemd-analyze verify --man=no ringwire@wg0.service
# The container's /proc/sys is read-only, as strict.conf's: nothing here needs a setting of the kernel.
inside sh -c 'umask 077 && mkdir -p /etc/ringwire && ringwire genkey >/etc/ringwire/wg0.key && ip link set lo up &&
  printf "[Interface]\nPrivateKeyFile = wg0.key\nListenPort = 51820\nAddress = 10.77.0.1/24\n" >/etc/ringwire/wg0.conf'
property() { inside systemctl show -P "$1" ringwire@wg0; }

say "the unit"
check "starts" inside systemctl start ringwire@wg0
check_equal "and is ready when the tunnel is" active "$(property ActiveState)"
check "which has its address" inside ip addr show dev wg0
main=$(property MainPID)
inside sh -c 'printf "\n[Peer]\nPublicKey = %s\nAllowedIPs = 10.77.0.2/32\n" "$(ringwire genkey | ringwire pubkey)" >>/etc/ringwire/wg0.conf'
check "reloads" inside systemctl reload ringwire@wg0
check_equal "in the same process" "$main" "$(property MainPID)"
check_equal "the new peer" 1 "$(inside ringwire show wg0 | grep -c '^peer')"
check "stops" inside systemctl stop ringwire@wg0
if inside ip link show wg0 >/dev/null 2>&1; then fail "the interface stays"; fi
check_equal "well" success "$(property Result)"

# On a host, systemd shares mounts; in a container it leaves them as they are, and credentials would be mounted for nobody.
check "mounts are shared, as on a host" inside mount --make-rshared /
drop_in() {  # drop_in NAME: as the runbook installs it
  inside install -D "/usr/share/doc/ringwire/systemd/drop-ins/$1.conf" "/etc/systemd/system/ringwire@wg0.service.d/$1.conf"
  inside systemctl daemon-reload
}
say "the exporter"
inside systemctl start ringwire@wg0
check "starts" inside systemctl start ringwire-exporter
# shellcheck disable=SC2016  # expanded by the inner shell
check "serves metrics" inside bash -c 'exec 3<>/dev/tcp/127.0.0.1/9586; printf "GET /metrics HTTP/1.0\r\n\r\n" >&3; grep -q "^ringwire_up{device=\"wg0\"} 1" <&3'
# shellcheck disable=SC2016
check_equal "as its own user" ringwire-exporter "$(inside sh -c 'stat -c %U "/proc/$(systemctl show -P MainPID ringwire-exporter)"')"
inside systemctl stop ringwire-exporter ringwire@wg0

say "with its key as a credential"
drop_in credentials
inside sed -i '/^PrivateKeyFile/d' /etc/ringwire/wg0.conf
check "starts" inside systemctl start ringwire@wg0
check_equal "with that key" "$(inside sh -c 'ringwire pubkey </etc/ringwire/wg0.key')" \
  "$(inside ringwire show wg0 | sed -n 's/^ *public key: //p' | head -n 1)"
check "stops" inside systemctl stop ringwire@wg0

say "with strict.conf"
drop_in strict
if inside systemctl start ringwire@wg0 2>"$work/log"; then
  check_equal "is ready" active "$(property ActiveState)"
  check "with its device" inside ip addr show dev wg0
  check_equal "and a status socket for the group" 'root ringwire 660' "$(inside stat -c '%U %G %a' /run/ringwire/wg0.sock)"
  check "answers" inside ringwire show wg0
  check "stops" inside systemctl stop ringwire@wg0
  check_equal "well" success "$(property Result)"
else
  inside journalctl --no-pager -u ringwire@wg0 -n 30 >&2 || true
  fail "the unit does not start with strict.conf"
fi
check_equal "exposes no more than recorded" yes \
  "$(inside systemd-analyze security --no-pager ringwire@wg0.service | awk '/Overall/ { for (i = 1; i <= NF; ++i) if ($i ~ /^[0-9.]+$/) print ($i <= 2.5 ? "yes" : $i) }')"
echo "ok: all of the units"
