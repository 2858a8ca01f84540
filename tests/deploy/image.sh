#!/usr/bin/env bash
# usage: image.sh BUILD_DIRECTORY FOLDER: the container image, run with podman and runc: what is in it, two gateways with embedded
# configurations, both sets of capabilities, both seccomp profiles, what is refused, and restarts after SIGKILL.
#
#   a, a child image with its file in a layer ------ b, all of it in variables
#     10.77.0.1 / 192.0.2.1                            10.77.0.2 / 192.0.2.2
source "$(dirname "$0")/lib.sh"

for tool in podman buildah runc ip nsenter; do command -v $tool >/dev/null || fail "needs $tool: ./dev setup --deploy"; done
[ -c /dev/net/tun ] || { not_run "all of it: needs /dev/net/tun"; exit 0; }
archive=$(echo "$deploy_made"/ringwire-*-image.tar)
engine=(podman --root "$work/storage" --runroot "$work/runroot" --tmpdir "$work/tmp" --cgroup-manager cgroupfs --runtime runc)
# Where the host does not let a container raise its limits, podman must be told lower ones.
# podman's timers for health checks need systemd, so the test runs the image's check itself.
limits=(--ulimit nofile=1024:1024 --ulimit nproc=4096:4096 --no-healthcheck)
recommended=(--cap-drop ALL --cap-add NET_ADMIN --cap-add SETUID --cap-add SETGID --cap-add KILL --device /dev/net/tun --read-only)
network=ringwire-deploy-$$

end() {
  local status=$?
  "${engine[@]}" rm -f -t 0 -a >/dev/null 2>&1 || true
  for host in a b; do ip netns del "$network-$host" 2>/dev/null || true; done
  umount -R -l "$work/storage/overlay" 2>/dev/null || true
  rm -rf "$work"
  exit $status
}
trap end EXIT

"${engine[@]}" load -q -i "$archive" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "podman cannot load $archive"; }
image=localhost/ringwire:latest

say "what is in it"
container=$("${engine[@]}" create --pull=never --network none "${limits[@]}" $image)
"${engine[@]}" export "$container" | tar -C "$(mkdir "$work/files" && echo "$work/files")" -x
"${engine[@]}" rm "$container" >/dev/null
size=$(du -sb --apparent-size "$work/files" | cut -f1)
((size <= 40000000)) || fail "it has $size bytes, the limit is 40 MB"
echo "ok: it has $((size / 1000000)) MB"
programs=$(cd "$work/files" && find . -type f -perm -1 ! -name '*.so*' ! -name 'ld-linux*' | sort | tr '\n' ' ')
check_equal "no program but its own" './usr/bin/ringwire ./usr/sbin/nft ' "$programs"
check "each package has its licence" test -s "$work/files/usr/share/doc/nftables/copyright" -a -s "$work/files/usr/share/doc/libc6/copyright"
check "the sources are named with their versions" grep -Eq '^nftables [0-9]' "$work/files/usr/share/doc/ringwire/sources"
check "the list of parts names nft" grep -q '"name": "nftables"' "$work/files/usr/share/doc/ringwire/sbom.spdx.json"
check "and what is linked statically" grep -q '"name": "libabsl-dev"' "$work/files/usr/share/doc/ringwire/sbom.spdx.json"
check "the program starts" "${engine[@]}" run --pull=never --rm --network none "${limits[@]}" $image --version
again=$work/again
check "a second image of this build" "$deploy_root/deploy/image.sh" "$deploy_build" "$again"
check "has the same bytes" cmp "$archive" "$again"/ringwire-*-image.tar

say "two hosts"
for host in a b; do ip netns add "$network-$host" && ip -n "$network-$host" link set lo up; done
ip link add "eth0" netns "$network-a" type veth peer name eth0 netns "$network-b"
ip -n "$network-a" address add 192.0.2.1/24 dev eth0
ip -n "$network-b" address add 192.0.2.2/24 dev eth0
for host in a b; do ip -n "$network-$host" link set eth0 up; done
ringwire=$deploy_build/ringwire
umask 077
declare -A public=()
for host in a b; do
  "$ringwire" genkey >"$work/$host.key"
  public[$host]=$("$ringwire" pubkey <"$work/$host.key")
done

say "a child image"
umask 022
mkdir "$work/child"
cat >"$work/child/wg0.conf" <<TEXT
[Interface]
PrivateKeyFile = /run/secrets/wg0.key
ListenPort = 51820
Address = 10.77.0.1/24
[Peer]
PublicKey = ${public[b]}
AllowedIPs = 10.77.0.2/32
TEXT
printf 'FROM %s\nCOPY wg0.conf /etc/ringwire/\n' $image >"$work/child/Containerfile"
# make TAG FOLDER: builds FOLDER's Containerfile
make() {
  buildah --root "$work/storage" --runroot "$work/runroot" build --pull=never --isolation chroot --format docker --tag "localhost/$1" "$2"
}
check "of two lines" make a "$work/child"
baked=$work/baked
mkdir "$baked"
sed "s,^PrivateKeyFile.*,PrivateKey = $(cat "$work/a.key")," "$work/child/wg0.conf" >"$baked/wg0.conf"
printf 'FROM %s\nCOPY wg0.conf /etc/ringwire/\n' $image >"$baked/Containerfile"
check "with a key in it" make baked "$baked"
printf 'FROM %s\nCOPY wg0.conf /etc/ringwire/\nRUN ["/usr/bin/ringwire", "check", "--image", "/etc/ringwire"]\n' $image >"$baked/Containerfile"
if make baked-checked "$baked" >"$work/log" 2>&1; then fail "a build that checks takes a key in a layer"; fi
grep -q 'wg0.conf:2:1: this PrivateKey is part of the image' "$work/log" || { cat "$work/log" >&2; fail "the build does not name the key"; }
echo "ok: a build that checks refuses a key in a layer"

# start NAME HOST OPTIONS... IMAGE: a container in HOST's network
start() {
  local name=$1 host=$2
  shift 2
  "${engine[@]}" run --pull=never -d --name "$name" --network "ns:/run/netns/$network-$host" "${limits[@]}" "$@" >/dev/null
}
logs() { "${engine[@]}" logs "$1" 2>&1; }
is_ready() { logs "$1" | grep ' is ready' >/dev/null; }
wait_ready() { wait_until "$1 is ready: $(logs "$1")" is_ready "$1"; }
stop() {  # stop NAME: by SIGTERM, within 2 s and with exit code 0
  local begin=${EPOCHREALTIME/./}
  "${engine[@]}" kill -s TERM "$1" >/dev/null
  check_equal "$1 ends on SIGTERM" 0 "$("${engine[@]}" wait "$1")"
  local took=$(((${EPOCHREALTIME/./} - begin) / 1000))
  ((took < 2000 * ${RINGWIRE_SLOWNESS:-1})) || fail "$1 took $took ms to end"
  "${engine[@]}" rm "$1" >/dev/null
}
secret_a=(-v "$work/a.key:/run/secrets/wg0.key:ro")
host_is_clean() {  # host_is_clean HOST: nothing of a tunnel is left
  [ -z "$(ip netns exec "$network-$1" nft list ruleset)" ] && ! ip -n "$network-$1" link show wg0 >/dev/null 2>&1 &&
    [ "$(ip -n "$network-$1" rule | wc -l)" = 3 ]
}
pings() { ip netns exec "$network-b" ping -c 3 -i 0.2 -W 5 10.77.0.1; }

config_b=$(printf '[Interface]\nAddress = 10.77.0.2/24\n[Peer]\nPublicKey = %s\nEndpoint = 192.0.2.1:51820\nAllowedIPs = 10.77.0.1/32\n' "${public[a]}" | base64 -w0)
run_b=(-e "RINGWIRE_CONFIG=$config_b" -e RINGWIRE_INTERFACE_PRIVATEKEY_FILE=/run/secrets/b -v "$work/b.key:/run/secrets/b:ro" $image)
# both BACKEND OPTIONS...: traffic between the two, each with these options
both() {
  local backend=$1
  shift
  start gateway a "$@" "${secret_a[@]}" localhost/a
  start client b "$@" "${run_b[@]}"
  wait_ready gateway
  wait_ready client
  check "traffic" pings
  logs gateway | grep " is ready.* $backend" >/dev/null || fail "not by $backend: $(logs gateway)"
  echo "ok: by $backend"
}
say "as recommended"
both epoll "${recommended[@]}"
if logs gateway | grep 'as user 0' >/dev/null; then fail "the relay is still root: $(logs gateway)"; fi
[ "$("${engine[@]}" exec gateway /usr/bin/ringwire show wg0 | grep -c '^peer')" = 1 ] || fail "show shows no peer"
echo "ok: show answers inside"
mapfile -t health < <("${engine[@]}" image inspect -f '{{range .HealthCheck.Test}}{{println .}}{{end}}' $image | sed '/^$/d')
check_equal "the image has a health check" CMD "${health[0]:-none}"
check "which passes" "${engine[@]}" exec gateway "${health[@]:1}"
stop client
stop gateway
check "nothing is left in the network of b" host_is_clean b

say "with NET_ADMIN alone"
both epoll --cap-drop ALL --cap-add NET_ADMIN --device /dev/net/tun --read-only
check_equal "one line says what is missing" 1 "$(logs gateway | grep -c 'still runs as user 0, though without a capability')"
"${engine[@]}" exec gateway /usr/bin/ringwire show wg0 >"$work/show" 2>&1
grep -q 'still runs as user 0' "$work/show" || { cat "$work/show" >&2; fail "show does not say that it runs as user 0"; }
echo "ok: show says it as well"
stop client
stop gateway

say "with io_uring"
both io_uring "${recommended[@]}" --security-opt "seccomp=$deploy_root/deploy/seccomp-io_uring.json"
stop client
stop gateway

say "with docker's default profile"
if docker_profile "$work/docker.json"; then
  both epoll "${recommended[@]}" --security-opt "seccomp=$work/docker.json"
  logs gateway | grep 'io_uring is not usable here.*seccomp' >/dev/null || fail "does not say why: $(logs gateway)"
  echo "ok: one line says why"
  stop client
  stop gateway
else
  not_run "docker's seccomp profile: apt cannot fetch docker's source package: $(tail -n 1 "$work/log")"
fi

# refused WHAT MESSAGE OPTIONS...: one line, and an exit code that is not 0
refused() {
  local what=$1 message=$2 status=0
  shift 2
  timeout $patience "${engine[@]}" run --pull=never --rm --network none "${limits[@]}" "$@" >"$work/out" 2>&1 || status=$?
  [ $status = 1 ] || { cat "$work/out" >&2; fail "$what: exit code $status"; }
  grep -qF -- "$message" "$work/out" || { cat "$work/out" >&2; fail "$what: does not say '$message'"; }
  [ "$(wc -l <"$work/out")" = 1 ] || { cat "$work/out" >&2; fail "$what: says more than a line"; }
  echo "ok: $what: $(cut -c 1-110 "$work/out")"
}
say "what is refused"
no_device=()
for option in "${recommended[@]}"; do case $option in --device | /dev/net/tun) ;; *) no_device+=("$option") ;; esac; done
refused "no device" "--device /dev/net/tun" "${no_device[@]}" "${secret_a[@]}" localhost/a
refused "no capability" "--cap-add NET_ADMIN" --device /dev/net/tun "${secret_a[@]}" localhost/a
echo 'not a key' >"$work/wrong.key"
refused "a wrong key" "/run/secrets/wg0.key holds no key" "${recommended[@]}" -v "$work/wrong.key:/run/secrets/wg0.key:ro" localhost/a
refused "no secret" "/etc/ringwire/wg0.conf:2:18: read /run/secrets/wg0.key: No such file" "${recommended[@]}" localhost/a
refused "a key in a layer" "wg0.conf:2:1: this PrivateKey is part of the image" "${recommended[@]}" localhost/baked
refused "a setting of the kernel" "--sysctl net.ipv4.ip_forward=1" "${recommended[@]}" -e RINGWIRE_GATEWAY_FORWARD=on "${secret_a[@]}" localhost/a
mkdir "$work/closed" && install -m 600 -o 65534 "$work/a.key" "$work/closed/wg0.key"
refused "a secret of another user" "read /run/secrets/wg0.key: Permission denied" "${recommended[@]}" -v "$work/closed/wg0.key:/run/secrets/wg0.key:ro" localhost/a

say "forwarding, with the settings that were named"
forward=(--sysctl net.ipv4.ip_forward=1 --sysctl net.ipv6.conf.all.forwarding=1 -e RINGWIRE_GATEWAY_FORWARD=on -e RINGWIRE_GATEWAY_MASQUERADE=auto)
"${engine[@]}" run --pull=never -d --name forward --network none "${limits[@]}" "${recommended[@]}" "${forward[@]}" "${secret_a[@]}" localhost/a >/dev/null
wait_ready forward
"${engine[@]}" exec forward /usr/sbin/nft list ruleset | grep masquerade >/dev/null || fail "no masquerade"
echo "ok: it forwards"
stop forward

say "killed and started again, ten times, with an empty /run"
switch=(-e RINGWIRE_GATEWAY_KILLSWITCH=on)
for round in 1 2 3 4 5 6 7 8 9 10; do
  start gateway a "${recommended[@]}" "${switch[@]}" "${secret_a[@]}" localhost/a
  wait_ready gateway
  rules[round]=$(ip netns exec "$network-a" nft list ruleset | wc -l)
  policies[round]=$(ip -n "$network-a" rule | wc -l)
  "${engine[@]}" kill -s KILL gateway >/dev/null
  "${engine[@]}" wait gateway >/dev/null
  "${engine[@]}" rm gateway >/dev/null
done
check_equal "no firewall rule is added" "${rules[1]}" "${rules[10]}"
check_equal "nor a policy rule" "${policies[1]}" "${policies[10]}"
both epoll "${recommended[@]}" "${switch[@]}"
stop client
stop gateway
check "and nothing is left at the end" host_is_clean a
echo "ok: all of the image"
