#!/usr/bin/env bash
# `ringwire doctor`: a healthy host has no fault; each thing that keeps a tunnel from working is named with its fix.
#
#   a 192.0.2.1 ------ 192.0.2.2 b
source "$(dirname "$0")/lib.sh"

two_bare_hosts
ip -n a route add default via 192.0.2.2
cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc
echo 'nameserver 192.0.2.2' >"$work/resolv.conf" && rm -f /etc/resolv.conf && cp "$work/resolv.conf" /etc/resolv.conf
conf=$work/wga.conf
write() {  # write LINES: the file, with these lines in [Interface], and one peer
  (umask 077 && printf '[Interface]\nPrivateKey = %s\nListenPort = 51820\nAddress = 10.77.0.1/24\n%b\n[Peer]\nPublicKey = %s\nEndpoint = 192.0.2.2:51820\nAllowedIPs = %s\n' \
    "${private[a]}" "$1" "${public[b]}" "${2:-10.77.0.2/32}" >"$conf")
}
doctor() { on a "$RINGWIRE" doctor "$@" >"$work/said" 2>&1; }
says() { grep -qE -- "$1" "$work/said"; }
# finds WHAT EXIT LINE [FIX]: the doctor ends with EXIT and prints LINE, and below it FIX
finds() {
  local status=0
  doctor "$conf" || status=$?
  cat "$work/said" >"$work/check.out"
  check_equal "$1: the exit status" "$2" "$status"
  says "$3" || { cat "$work/said" >&2; fail "$1: it does not say $3"; }
  [ -z "${4:-}" ] || grep -A1 -E -- "$3" "$work/said" | grep -E -- "fix: .*$4" >/dev/null || { cat "$work/said" >&2; fail "$1: it does not say how"; }
  echo "ok: $1"
}

say "a healthy host"
check "has no fault" doctor
for topic in tun capabilities seccomp io_uring offloads MTU clock firewall DNS 'other VPNs'; do
  check "it says something of $topic" says "^(ok|warning) +$topic: "
done
if [ "$RINGWIRE_E2E_IO" = io_uring ]; then check "io_uring works" says '^ok +io_uring: works'; fi
check "a tunnel gets the MTU of Ethernet" says 'so a tunnel gets 1420$'
write ''
finds "with a file that works" 0 '^ok +configuration: .* has no error$'
check "the port is free" says '^ok +port: UDP port 51820 is free$'
check_equal "it leaves no device" 'eth0 lo' "$(ip -n a -br link | sed 's/[@ ].*//' | sort | tr '\n' ' ' | sed 's/ $//')"

say "the file"
write 'Colour = red'
finds "an error" 1 '^fault +configuration: .*wga.conf:5:1: '
write 'MTU = 1450'
finds "an MTU that does not fit" 0 '^warning +MTU: MTU = 1450 ' 'MTU = 1420'
write 'DNS = 10.77.0.9'
if PATH=/usr/sbin:/usr/bin command -v resolvectl resolvconf >/dev/null; then echo "note: this system has a program for DNS"; else
  finds "DNS without a program" 1 '^fault +DNS: the file has DNS' openresolv
fi
write '' 192.0.2.0/24
finds "a network of this host in AllowedIPs" 1 '^fault +routes: 192.0.2.0/24 is in AllowedIPs' renumber

say "the host"
write ''
spawn a "$RINGWIRE_PYTHON" -c 'import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 51820)); sys.stdin.read()' <>"$work/never" &
holder=$!
wait_until 5 "the port is taken" output_has ':51820' on a ss -Hlun
finds "a port that another program has" 1 '^fault +port: UDP port 51820 is taken by .*python' 'another ListenPort'
kill $holder
wait $holder 2>/dev/null || true
on a nft 'add table inet filter; add chain inet filter input { type filter hook input priority 0; policy drop; }'
finds "a firewall" 0 '^warning +firewall: a firewall drops what peers send to UDP port 51820' ''
on a nft flush ruleset
ip -n a rule add priority 5270 table 52
ip -n a link add tun7 type veth peer name tun8
ip -n a link set tun7 up
ip -n a route add 0.0.0.0/1 dev tun7
finds "another VPN" 0 '^warning +other VPNs: a policy rule of Tailscale chooses routes: priority 5270, table 52$' 'ip rule'
check "and its routes" says '^warning +other VPNs: tun7 takes 0.0.0.0/1'
ip -n a link del tun7
ip -n a rule del priority 5270
ip -n a link set eth0 mtu 1300
finds "a narrow way out" 0 '^warning +MTU: the way out takes packets of 1300 bytes'
ip -n a link set eth0 mtu 1500
: >/etc/resolv.conf
finds "no name server" 0 '^warning +DNS: /etc/resolv.conf names no server' nameserver
cp "$work/resolv.conf" /etc/resolv.conf

say "rights"
status=0
on a setpriv --bounding-set -net_admin --inh-caps -all "$RINGWIRE" doctor >"$work/said" 2>&1 || status=$?
check_equal "without CAP_NET_ADMIN: the exit status" 1 $status
check "it names the capability" says '^fault +capabilities: no CAP_NET_ADMIN'
check "and does not guess" says '^warning +io_uring: not tested'

say "while a tunnel is up"
write ''
check "up" up a "$conf"
finds "nothing is wrong" 0 '^ok +port: wga is up$'
down a wga
