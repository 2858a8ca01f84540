#!/usr/bin/env bash
# Endpoints that are names, with a full tunnel that carries the answers: queries bypass the tunnel and go to the name
# server that was configured before it. Behind a kill switch they need `dns`; otherwise the last known addresses are
# used.
#
#   b (client) 192.0.2.2 ------ 192.0.2.1 a (gateway) with a name server at 198.51.100.53
source "$(dirname "$0")/lib.sh"
source "$e2e_dir/leaks.sh"

two_bare_hosts
address a lo 198.51.100.7/32 198.51.100.53/32
ip -n b route add default via 192.0.2.1
start a wga
set_up a wga a 51820 10.77.0.1/24
wg set wga peer "${public[b]}" allowed-ips 10.77.0.2/32
printf 'hosts: files dns\n' >"$work/nsswitch.conf"
mount --bind "$work/nsswitch.conf" /etc/nsswitch.conf
printf 'nameserver 198.51.100.53\n' >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
: >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts
serve_names() {  # serve_names ADDRESS NAME=ADDRESS...
  : >"$work/asked"
  spawn a "$RINGWIRE_PYTHON" "$e2e_dir/tools/name_server.py" "$@" >"$work/asked" 2>>"$work/names.log" &
  names_pid=$!
  wait_until 10 "the name server runs" listening a 53
}
no_names() { kill -TERM "$names_pid"; wait "$names_pid" || true; }
asked() { grep -c "$1" "$work/asked" || true; }
configuration() {  # configuration NAME [GATEWAY_LINES]
  (umask 077 && cat >"$work/wgb.conf" <<TEXT
[Interface]
PrivateKey = ${private[b]}
Address = 10.77.0.2/32
[Gateway]
${2:-}
[Peer]
PublicKey = ${public[a]}
AllowedIPs = 0.0.0.0/0
Endpoint = $1:51820
PersistentKeepalive = 1
TEXT
  )
}
up() { on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf" 2>>"$work/wgb.log"; }
down() { on b "$RINGWIRE" down wgb; }
service() { pgrep -of "ringwire up .*/wgb.conf"; }
no_service() { ! pgrep -f "ringwire up .*/wgb.conf"; }
crash() {
  # shellcheck disable=SC2046  # two numbers
  kill -KILL $(service) $(pgrep -P "$(service)")
  wait_until 10 "both processes end" no_service
  wait_until 10 "the interface goes" no_interface b wgb
}

say "a full tunnel"
serve_names 198.51.100.53 gateway.test=192.0.2.1 big.gateway.test=192.0.2.1
configuration gateway.test
up
check "the tunnel works" pings b 198.51.100.7
crash
check "after a crash the way is closed" no_pings b 198.51.100.7
before=$(asked '^gateway.test')
watch_uplink full a eth0
up
check "the name is found all the same" pings b 198.51.100.7
check "by asking" differs "$before" asked '^gateway.test'
only_tunnel full "past the tunnel went its datagrams and questions only" 192.0.2.1:51820 --and 198.51.100.53:53
down

say "a tunnel with name servers of its own"
mkdir -p /usr/local/sbin
mount -t tmpfs tmpfs /usr/local/sbin
cat >/usr/local/sbin/resolvconf <<TEXT
#!/bin/sh
case \$1 in
  -a) cp /etc/resolv.conf $work/resolv.before; cat >/etc/resolv.conf ;;
  -d) cat $work/resolv.before >/etc/resolv.conf ;;
esac
TEXT
chmod +x /usr/local/sbin/resolvconf
configuration gateway.test
sed -i 's/^Address.*/&\nDNS = 10.77.0.1/' "$work/wgb.conf"
up
check_equal "the host's name server is the tunnel's" 'nameserver 10.77.0.1' "$(cat /etc/resolv.conf)"
before=$(asked '^gateway.test')
"$RINGWIRE" reload wgb
wait_until 10 "its endpoint is asked of the one of before" differs "$before" asked '^gateway.test'
crash
before=$(asked '^gateway.test')
up
check "also after a crash" differs "$before" asked '^gateway.test'
check "and the tunnel works" pings b 198.51.100.7
no_names
address a lo 198.51.100.54/32
serve_names 198.51.100.54 gateway.test=192.0.2.1
echo 'nameserver 198.51.100.54' >/etc/resolv.conf  # as the DHCP client of another network writes it
"$RINGWIRE" reload wgb
wait_until 10 "in another network its name server is asked" differs 0 asked '^gateway.test'
no_names
serve_names 198.51.100.53 gateway.test=192.0.2.1 big.gateway.test=192.0.2.1
down
check_equal "the host has its own again" 'nameserver 198.51.100.53' "$(cat /etc/resolv.conf)"
rm /usr/local/sbin/resolvconf

say "a kill switch that lets no question out"
configuration gateway.test 'KillSwitch = on'
up
check "the first time the name is asked for before it is in force" pings b 198.51.100.7
crash
before=$(asked .)
watch_uplink quiet a eth0
up
check "after a crash the address of before has to do" pings b 198.51.100.7
check_equal "nobody is asked" "$before" "$(asked .)"
only_tunnel quiet "nothing but the tunnel's datagrams left" 192.0.2.1:51820
sed -i 's/^Endpoint = .*/Endpoint = other.test:51820/' "$work/wgb.conf"
"$RINGWIRE" reload wgb
wait_until 10 "a name that is not known is an error with its fix" \
  output_has 'wgb\.conf:[0-9]*:12: cannot resolve other\.test: the kill switch lets no query out' "$RINGWIRE" log wgb
check_equal "and still nobody is asked" "$before" "$(asked .)"
echo '192.0.2.1 other.test' >"$work/hosts"
wait_until 20 "/etc/hosts is read" output_has 'other\.test is at 192\.0\.2\.1' "$RINGWIRE" log wgb
check "the tunnel works" pings b 198.51.100.7
: >"$work/hosts"
down
check "nothing is left of names" test ! -e /run/ringwire/wgb.names

say "a kill switch with dns, and an answer that comes by TCP"
configuration big.gateway.test 'KillSwitch = dns, on'
up
check "the tunnel works" pings b 198.51.100.7
crash
rm -f /run/ringwire/wgb.names
up
check "the name is found behind the switch" pings b 198.51.100.7
check "by TCP" test "$(asked '^big.gateway.test 1 tcp')" -ge 2
check "other questions stay in" no_pings b 192.0.2.1
no_names
down

say "a name server with a link-local address, as router advertisements name it"
address a eth0 fe80::a/64
address b eth0 fe80::b/64
printf 'nameserver fe80::a%%eth0\n' >"$work/resolv.conf"
serve_names 'fe80::a%eth0' gateway.test=192.0.2.1 big.gateway.test=192.0.2.1
for name in gateway.test big.gateway.test; do
  configuration $name 'KillSwitch = dns, on'
  up
  check "the tunnel to $name works" pings b 198.51.100.7
  crash
  before=$(asked "^$name")
  up
  check "it is asked past the tunnel" differs "$before" asked "^$name"
  check "the tunnel works again" pings b 198.51.100.7
  down
done
no_names
