#!/usr/bin/env bash
# The cookbook's container: its only interface is the tunnel, so programs in it have no other route. Once in a
# namespace that ringwire makes (as podman and systemd-nspawn enter it), once in one that a container brought along
# (as with docker's --network none).
#
#   a (gateway) 192.0.2.1, with a web server at 198.51.100.7 ------ 192.0.2.2 b (client)
#               10.77.0.1 (the tunnel)                              10.77.0.2 client, in the container
source "$(dirname "$0")/lib.sh"
command -v curl >/dev/null || skip "curl (./dev setup)"

cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc && rm -rf /etc/netns
two_bare_hosts
address a lo 198.51.100.7/32
for host in a b; do ip -n "$host" route add default via "192.0.2.$([ "$host" = a ] && echo 2 || echo 1)"; done
new_key gateway client
cookbook namespace/gateway.conf
cookbook namespace/client.conf
mkdir "$work/site" && echo 'the far side' >"$work/site/index.html"
(cd "$work/site" && spawn a "$RINGWIRE_PYTHON" -u -m http.server 80 >"$work/web.log" 2>&1) &
wait_until 10 "the web server" listening a 80
spawn a "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/gateway.conf" >>"$work/gateway.log" 2>&1 &
daemon_pid[gateway]=$! daemon_host[gateway]=a
wait_until 10 "the gateway is up" ready a gateway
url=http://198.51.100.7/
check_equal "the host itself has another way to the server" 'the far side' "$(on b curl -s -m "$patience" "$url")"
check "without the tunnel" grep -q '^192\.0\.2\.2 ' "$work/web.log"
seen() { grep -c "^$1 " "$work/web.log" || true; }
outside=$(seen 192.0.2.2)

# A file system with nothing but a shell and curl in it.
root=$work/root
mkdir -p "$root"/{bin,etc,proc,sys,dev,run,tmp,usr/lib}
touch "$root/etc/os-release" "$root/usr/lib/os-release"
echo 'nameserver 10.77.0.1' >"$root/etc/resolv.conf"
for program in bash curl ls; do
  cp -L "$(command -v "$program")" "$root/bin/"
  for library in $(ldd "$(command -v "$program")" | grep -o '/[^ ]*'); do cp -L --parents "$library" "$root/" 2>/dev/null || true; done
done
# contained NETWORK COMMAND...: as a container's engine does it: without a capability in the end
contained() {
  local network=$1
  shift
  nsenter --net="$network" unshare --mount --pid --ipc --uts --fork -- bash -c \
    'mount -t proc proc "$0/proc" && mount -t sysfs sysfs "$0/sys" && exec setpriv --bounding-set=-all,+sys_chroot,+setuid,+setgid --inh-caps=-all chroot --userspec=65534:65534 "$0" "$@"' \
    "$root" "$@"
}

say "a namespace for a container"
on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/client.conf"
inside() { contained /run/netns/vpn "$@"; }
check_equal "it reaches the server" 'the far side' "$(inside /bin/curl -s -m "$patience" "$url")"
check_equal "by the tunnel" "$outside" "$(seen 192.0.2.2)"
check_equal "which is its only interface" $'client\nlo' "$(inside /bin/ls /sys/class/net | sort)"
if command -v systemd-nspawn >/dev/null; then
  check_equal "as the cookbook says, with systemd-nspawn" 'the far side' "$(systemd-nspawn --quiet --pipe --register=no --keep-unit -D "$root" \
    --network-namespace-path=/run/netns/vpn --resolv-conf=off /bin/curl -s -m "$patience" "$url" </dev/null)"
fi
inside /bin/bash -c "until [ -e /tmp/enough ]; do /bin/curl -s -m 1 $url >/tmp/fetched; done" 2>/dev/null &
running=$!
chmod 1777 "$root/tmp"
wait_until 5 "one that goes on" grep -q far "$root/tmp/fetched"
kill -KILL "$(pgrep -of "ringwire up .*/client.conf")"
wait_until 10 "the service dies" no_interface vpn client
check_fails "then it has no way out" inside /bin/curl -s -m 1 "$url"
on b "$RINGWIRE" down client 2>"$work/down.log"
check "nor when it is taken down" grep -q 'in use by' "$work/down.log"
: >"$root/tmp/fetched"
on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/client.conf"
wait_until 5 "and the tunnel again with the next up" grep -q far "$root/tmp/fetched"
touch "$root/tmp/enough" && wait "$running"
on b "$RINGWIRE" down client
check_equal "nothing of it went another way" "$outside" "$(seen 192.0.2.2)"
check_fails "nothing is left" ip -n vpn link

say "a container that has a namespace"
unshare --net -- sleep 1000 &
container=$!
wait_until 5 "it is there" differs "$(readlink /proc/self/ns/net)" readlink "/proc/$container/ns/net"
ip netns attach scraper "$container"
sed -i 's,^Namespace.*,Namespace = scraper,' "$work/client.conf"
on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/client.conf"
check_equal "has the tunnel" 'the far side' "$(contained "/proc/$container/ns/net" /bin/curl -s -m "$patience" "$url")"
on b "$RINGWIRE" down client
check_fails "and then no longer" contained "/proc/$container/ns/net" /bin/curl -s -m 1 "$url"
check "its namespace is not ours to remove" ip -n scraper link show lo
check_equal "nothing of it went another way" "$outside" "$(seen 192.0.2.2)"
kill "$container"
