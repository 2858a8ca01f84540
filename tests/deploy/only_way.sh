#!/usr/bin/env bash
# usage: only_way.sh BUILD_DIRECTORY FOLDER: containers whose only way out is the tunnel, run with podman (docs/cookbook.md, "A container
# that has only the tunnel"): in a namespace that ringwire makes, and beside a container of ringwire, which is killed and started again
# while the other lives.
#
#   client's host 192.0.2.2 ------ 192.0.2.1 gateway, with a server at 198.51.100.7
source "$(dirname "$0")/lib.sh"

for tool in podman runc mmdebstrap ip curl python3; do command -v $tool >/dev/null || fail "needs $tool: ./dev setup --deploy"; done
[ -c /dev/net/tun ] || { not_run "all of it: needs /dev/net/tun"; exit 0; }
ringwire=$deploy_build/ringwire
engine=(podman --root "$work/storage" --runroot "$work/runroot" --tmpdir "$work/tmp" --cgroup-manager cgroupfs --runtime runc)
limits=(--ulimit nofile=1024:1024 --ulimit nproc=4096:4096)
near=rwd-near-$$ far=rwd-far-$$ vpn=rwd-vpn-$$
declare -a services=()

# Not `ip netns exec`, which has mounts of its own: a namespace that ringwire names there would be seen nowhere else.
on() { nsenter --net="/run/netns/$1" -- "${@:2}"; }
end() {
  local status=$? pid
  "${engine[@]}" rm -f -t 0 -a >/dev/null 2>&1 || true
  [ ! -e "$work/rwn$$.conf" ] || on "$near" "$ringwire" down "$work/rwn$$.conf" >/dev/null 2>&1 || true
  for pid in "${services[@]}"; do kill "$pid" 2>/dev/null || true; done
  for name in "$near" "$far" "$vpn"; do ip netns del "$name" 2>/dev/null || true; done
  umount -R -l "$work/storage/overlay" 2>/dev/null || true
  rm -rf "$work"
  exit $status
}
trap end EXIT

ip netns add "$near" && ip netns add "$far"
ip link add eth0 netns "$near" type veth peer name eth0 netns "$far"
ip -n "$near" address add 192.0.2.2/24 dev eth0
ip -n "$far" address add 192.0.2.1/24 dev eth0
ip -n "$far" link set lo up
ip -n "$far" address add 198.51.100.7/32 dev lo
for name in "$near" "$far"; do ip -n "$name" link set eth0 up; done
ip -n "$near" route add default via 192.0.2.1
umask 077
for name in near far; do "$ringwire" genkey >"$work/$name.key"; done
public() { "$ringwire" pubkey <"$work/$1.key"; }
cat >"$work/rwf$$.conf" <<TEXT
[Interface]
PrivateKeyFile = far.key
ListenPort = 51820
Address = 10.77.0.1/24
[Peer]
PublicKey = $(public near)
AllowedIPs = 10.77.0.2/32
TEXT
nsenter --net="/run/netns/$far" -- "$ringwire" run "$work/rwf$$.conf" >"$work/far.log" 2>&1 &
services+=($!)
mkdir "$work/site" && echo 'the far side' >"$work/site/index.html"
(cd "$work/site" && exec nsenter --net="/run/netns/$far" -- python3 -u -m http.server 80 >"$work/web.log" 2>&1) &
services+=($!)
served() { on "$far" curl -s -m 5 http://198.51.100.7/; }
wait_until "the server answers" served
seen() { grep -c "^$1 " "$work/web.log" || true; }

umask 022
fresh_system bookworm "$work/system"
# fetch: what the server says to a program in a container; bash speaks HTTP well enough.
# shellcheck disable=SC2016  # expanded in the container
fetching='exec 3<>/dev/tcp/198.51.100.7/80 && printf "GET / HTTP/1.0\r\n\r\n" >&3 && grep "the far side" <&3'
client() {  # client NETWORK COMMAND...: in a container without a capability
  "${engine[@]}" run --rm --cap-drop ALL --network "$1" "${limits[@]}" --rootfs "$work/system" "${@:2}"
}
tunnel="[Interface]
Address = 10.77.0.2/24
[Peer]
PublicKey = $(public far)
Endpoint = 192.0.2.1:51820
AllowedIPs = 0.0.0.0/0"

say "in a namespace that ringwire makes"
printf '%s\nPersistentKeepalive = 1\n[Gateway]\nNamespace = %s\n' "${tunnel/Address/PrivateKeyFile = near.key
Address}" "$vpn" >"$work/rwn$$.conf"
check "the tunnel is up" on "$near" "$ringwire" up "$work/rwn$$.conf"
check "a container reaches the server" client "ns:/run/netns/$vpn" bash -c "$fetching"
check_equal "by the tunnel alone" 0 "$(seen 192.0.2.2)"
check "when it is down" on "$near" "$ringwire" down "$work/rwn$$.conf"
if client "ns:/run/netns/$vpn" timeout 5 bash -c "$fetching" >/dev/null 2>&1; then fail "there is another way"; fi
echo "ok: there is no other way"
ip netns del "$vpn" 2>/dev/null || true

say "beside a container of ringwire"
archive=$(echo "$deploy_made"/ringwire-*-image.tar)
"${engine[@]}" load -q -i "$archive" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "podman cannot load $archive"; }
on "$near" sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/src_valid_mark'
start_tunnel() {
  "${engine[@]}" run --pull=never -d --name tunnel --network "ns:/run/netns/$near" "${limits[@]}" --no-healthcheck --cap-drop ALL --cap-add NET_ADMIN \
    --cap-add SETUID --cap-add SETGID --cap-add KILL --device /dev/net/tun --read-only -e "RINGWIRE_CONFIG=$tunnel" \
    -e RINGWIRE_GATEWAY_KILLSWITCH=on -e RINGWIRE_PEER_1_PERSISTENTKEEPALIVE=1 -e RINGWIRE_INTERFACE_PRIVATEKEY_FILE=/run/secrets/key \
    -v "$work/near.key:/run/secrets/key:ro" localhost/ringwire:latest >/dev/null
  wait_until "the tunnel is up" sh -c "$(printf '%q ' "${engine[@]}") logs tunnel 2>&1 | grep ' is ready'"
}
start_tunnel
"${engine[@]}" run -d --name program --cap-drop ALL --network "ns:/run/netns/$near" "${limits[@]}" --rootfs "$work/system" sleep infinity >/dev/null
reaches() { "${engine[@]}" exec program timeout 5 bash -c "$fetching"; }
wait_until "the other container reaches the server" reaches
echo "ok: the other container reaches the server"
rules() { ip -n "$near" rule; on "$near" nft list ruleset; }
rules >"$work/rules.first"
for round in 1 2 3; do
  "${engine[@]}" kill -s KILL tunnel >/dev/null
  "${engine[@]}" wait tunnel >/dev/null
  "${engine[@]}" rm tunnel >/dev/null
  if reaches >/dev/null 2>&1; then fail "round $round: the other container has another way"; fi
  start_tunnel
  wait_until "it reaches the server again" reaches
done
echo "ok: killed and started again three times, the other container waits and then reaches the server"
check_equal "no request went past the tunnel" 0 "$(seen 192.0.2.2)"
rules >"$work/rules.last"
check_equal "and nothing piles up" "$(wc -l <"$work/rules.first")" "$(wc -l <"$work/rules.last")"
not_run "rootless podman: it needs an account with ids in /etc/subuid, and a /dev/net/tun that everyone may open"
echo "ok: all of the only way"
