#!/usr/bin/env bash
# An unprivileged user holds the lock of everything that he can open: the network namespace, the folders in /run, and
# the files in them. `up`, `reload`, `save` and `down` still work.
#
#   a ------ b
source "$(dirname "$0")/lib.sh"

# Name servers of a namespace are files of the system; the test has its own.
cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc && rm -rf /etc/netns
two_bare_hosts
start b wgb
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
wg set wgb peer "${public[a]}" endpoint 192.0.2.1:51820 allowed-ips 10.77.0.1/32
conf=$work/wga.conf
write() {  # write [LINE of [Gateway]...]
  (umask 077 && printf '%s\n' '[Interface]' "PrivateKey = ${private[a]}" 'ListenPort = 51820' 'Address = 10.77.0.1/24' 'Table = off' \
    '[Gateway]' "$@" '[Peer]' "PublicKey = ${public[b]}" 'Endpoint = 192.0.2.2:51820' 'AllowedIPs = 10.77.0.2/32' >"$conf")
}
# Waits of ringwire's own have deadlines below this one.
ringwire_a() { on a timeout 60 "$RINGWIRE" "$@"; }

say "what a user without rights can hold"
chmod 755 "$work"  # mktemp of the caller may have made it private
install -d -o 65534 "$work/nobody"
mkdir -p /run/ringwire && chmod 755 /run/ringwire
spawn a setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs \
  "$RINGWIRE_PYTHON" "$e2e_dir/tools/hold_locks.py" "$work/nobody/held" /proc/self/ns/net /run/ringwire /run/netns /run/wireguard "$work" &
holder=$!
holds() { grep -qxF "$1" "$work/nobody/held"; }
for one in /proc/self/ns/net /run/ringwire /run/netns; do wait_until 10 "it holds $one" holds "$one"; done

say "up, reload, save and down"
write 'Forward = on'
check "up" ringwire_a up "--io=$RINGWIRE_E2E_IO" "$conf"
check "traffic" pings a 10.77.0.2
check_equal "a sysctl is held" 1 "$(on a cat /proc/sys/net/ipv4/ip_forward)"
write 'Forward = off'
check "reload" ringwire_a reload wga
check_equal "the sysctl is as before" 0 "$(on a cat /proc/sys/net/ipv4/ip_forward)"
write 'Forward = on'
check "reload" ringwire_a reload wga
check "save" ringwire_a save wga
check "down" ringwire_a down wga
check "the interface is gone" no_interface a wga
check_equal "the sysctl is as before" 0 "$(on a cat /proc/sys/net/ipv4/ip_forward)"

say "a namespace of its own"
write 'Namespace = vpn'
check "up" ringwire_a up "--io=$RINGWIRE_E2E_IO" "$conf"
check "the name is there" test -e /run/netns/vpn
check "traffic" ringwire_a exec wga -- ping -n -q -c 1 -W 5 10.77.0.2
check "down" ringwire_a down wga
check "the name is gone" test ! -e /run/netns/vpn

say "a dead service's leftovers"
write 'Forward = on'
check "up" ringwire_a up "--io=$RINGWIRE_E2E_IO" "$conf"
kill -KILL "$(pgrep -of "ringwire up .*wga.conf")"
wait_until 10 "the interface goes" no_interface a wga
check "down" ringwire_a down wga
check_equal "the sysctl is as before" 0 "$(on a cat /proc/sys/net/ipv4/ip_forward)"

check "the holder was there all the time" alive $holder
check_fails "and held no lock of ringwire" grep -E '/(lock|[^/]*\.journal)(/|$)' "$work/nobody/held"
kill -KILL $holder
