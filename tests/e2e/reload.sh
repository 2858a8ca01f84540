#!/usr/bin/env bash
# A reload of `ringwire run` applies completely or not at all, and keeps the endpoint of a peer that has moved.
#
#   a (run) ------ b (moves)
source "$(dirname "$0")/lib.sh"

two_bare_hosts
start b wgb
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
wg set wgb peer "${public[a]}" endpoint 192.0.2.1:51820 allowed-ips 10.77.0.0/24,fd77::1/128
configuration() {  # configuration PORT MTU ADDRESSES ENDPOINT [LINE]: put in place at once
  (umask 077 && cat >"$work/new.conf" <<TEXT
[Interface]
PrivateKey = ${private[a]}
ListenPort = $1
MTU = $2
Address = $3
${5:-}
[Peer]
PublicKey = ${public[b]}
AllowedIPs = 10.77.0.2/32, fd77::2/128
Endpoint = $4
TEXT
  )
  mv "$work/new.conf" "$work/wga.conf"
}
logged() { grep -c "$1" "$work/wga.log" || true; }
reload() {  # reload WHAT PATTERN: SIGHUP, and one more line with PATTERN
  local before
  before=$(logged "$2")
  kill -HUP "${daemon_pid[wga]}"
  wait_until 10 "$1" differs "$before" logged "$2"
  echo "ok: $1"
}
good='wga.conf was reloaded' bad='the device runs on as it was'
addresses() { ip -n a -o address show dev wga scope global | awk '{ print $4 }' | sort | xargs; }
mtu() { ip -n a -o link show wga | sed 's/.*mtu \([0-9]*\).*/\1/'; }
state() { echo "$(addresses) $(wg show wga listen-port) $(mtu) $(endpoint wga)"; }
both='10.77.0.1/24, fd77::1/64' there=192.0.2.2:51820

configuration 51820 1380 "$both" "$there"
LOG_LEVEL=debug spawn a "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wga.conf" >>"$work/wga.log" 2>&1 &
daemon_pid[wga]=$! daemon_host[wga]=a
wait_until 10 "wga is up" output_has 'inet6 fd77' ip -n a address show dev wga up
check "at first" pings a 10.77.0.2
first=$(state)
check_equal "the state" "10.77.0.1/24 fd77::1/64 51820 1380 $there" "$first"

say "a reload that fails changes nothing"
configuration 51999 1400 '10.77.0.9/24, ff02::9/64' 192.0.2.2:9
reload "an address that the kernel refuses" "$bad"
check_equal "everything is as it was" "$first" "$(state)"
spawn a socat -u UDP4-RECV:51900 - >/dev/null 2>&1 &
taken=$!
wait_until 5 "the port is taken" output_has ':51900\b' on a ss -Hlun
configuration 51900 1400 '10.77.0.9/24' 192.0.2.2:9
reload "a port that is taken" "$bad"
check_equal "everything is as it was" "$first" "$(state)"
kill "$taken"
configuration 51999 1400 '0.0.0.0/0' 192.0.2.2:9
reload "an address that none can have is refused with its position" 'wga.conf:5:11: '
check_equal "everything is as it was" "$first" "$(state)"
check "the tunnel works" pings a 10.77.0.2

say "a good one after it"
configuration 51820 1400 '10.77.0.3/24' "$there"
reload "another address of the same network" "$good"
check_equal "as the file says" "10.77.0.3/24 51820 1400 $there" "$(state)"
configuration 51820 1380 "$both" "$there"
reload "back" "$good"
check_equal "all is back" "$first" "$(state)"
ip -n a address del 10.77.0.1/24 dev wga
reload "the same file" "$good"
check_equal "brings back an address that somebody removed" "$first" "$(state)"
source_address() { ip -n a route get 10.77.0.2 | grep -o 'src [0-9.]*'; }
configuration 51820 1380 "10.77.0.3/24, $both" "$there"
reload "another first address" "$good"
check_equal "is what packets leave with" 'src 10.77.0.3' "$(source_address)"
configuration 51820 1380 '10.77.0.1/32, fd77::1/128' "$there"
sed -i 's,^AllowedIPs.*,AllowedIPs = 10.77.0.0/24\, fd77::/64,' "$work/wga.conf"
reload "a network that is now a route" "$good"
check_equal "has only that" '10.77.0.0/24 scope link' "$(ip -n a route show dev wga | xargs)"
check_equal "the addresses" '10.77.0.1/32 fd77::1/128' "$(addresses)"
at_once "the tunnel works" a 10.77.0.2
configuration 51820 1380 "$both" "$there"
reload "back" "$good"
check_equal "all is back" "$first" "$(state)"
check_equal "and the route" '10.77.0.0/24 proto kernel scope link src 10.77.0.1' "$(ip -n a route show dev wga | xargs)"

say "a peer that has moved"
wg set wgb listen-port 40001
at_once "b speaks" b 10.77.0.1
wait_until 2 "a has followed" prints 192.0.2.2:40001 endpoint wga
reload "the same file" "$good"
check_equal "leaves it there" 192.0.2.2:40001 "$(endpoint wga)"
configuration 51820 1400 "$both" "$there" 'Workers = 7'
reload "a file that differs elsewhere" "$good"
check_equal "leaves it there" 192.0.2.2:40001 "$(endpoint wga)"
check_equal "what needs a start is said once" 1 "$(logged 'Workers, IoBackend and Offload take effect at the next start')"
configuration 51820 1400 "$both" '[2001:db8::2]:40001' 'Workers = 7'
reload "another endpoint in the file" "$good"
check_equal "is taken" '[2001:db8::2]:40001' "$(endpoint wga)"
check_equal "and nothing more is said" 1 "$(logged 'take effect at the next start')"

say "a SIGHUP during a reload counts"
for mtu in 1301 1302 1303 1304 1305; do
  configuration 51820 "$mtu" "$both" '[2001:db8::2]:40001' 'Workers = 7'
  kill -HUP "${daemon_pid[wga]}"
done
wait_until 10 "the last file is in force" output_has 'mtu 1305' ip -n a link show wga
echo "ok: the last file is in force"
check "the tunnel works" pings a 10.77.0.2
