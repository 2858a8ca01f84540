#!/usr/bin/env bash
# A kill switch without a full tunnel: a reload turns it on, changes it and turns it off, it outlives a failing `up`,
# and a person can type it as nft commands.
#
#   a (peer) 192.0.2.1, and 10.77.0.1 in the tunnel ------ 192.0.2.2 b (client, router) 192.168.9.1 ------ 192.168.9.2 c
#     198.51.100.7 and 2001:db8:7::7 are the world behind a
source "$(dirname "$0")/lib.sh"
source "$e2e_dir/leaks.sh"

two_bare_hosts
client_that_routes
start a wga
set_up a wga a 51820 10.77.0.1/24
wg set wga peer "${public[b]}" allowed-ips 10.77.0.2/32
configuration() {  # configuration KILL_SWITCH [INTERFACE_LINES]
  (umask 077 && printf '%s\n' '[Interface]' "PrivateKey = ${private[b]}" 'Address = 10.77.0.2/24' "${2:-}" '[Gateway]' \
    "KillSwitch = $1" '[Peer]' "PublicKey = ${public[a]}" 'AllowedIPs = 10.77.0.1/32' 'Endpoint = 192.0.2.1:51820' >"$work/wgb.conf")
}
up() { on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf" 2>>"$work/wgb.log"; }
fails_to_come_up() { ! up; }
down() { on b "$RINGWIRE" down wgb; }
output() { on b nft list chain inet ringwire-wgb output; }
rules() { on b nft -s list table inet ringwire-wgb; }
closed() { output_has '^[[:space:]]*reject with icmpx' output; }  # whatever no rule before it accepts
open() { ! closed; }
nothing_left() { ! on b nft list table inet ringwire-wgb; }
mtu_is() { output_has "mtu $1\\b" ip -n b link show wgb; }
service() { pgrep -of "ringwire up .*/wgb.conf"; }
no_service() { ! pgrep -f "ringwire up .*/wgb.conf"; }
reload() { "$RINGWIRE" reload wgb; }
fails_to_reload() { ! reload; }
crash() {
  # shellcheck disable=SC2046  # two numbers
  kill -KILL $(service) $(pgrep -P "$(service)")
  wait_until 10 "both processes end" no_service
  wait_until 10 "the interface goes" no_interface b wgb
}

say "by reload"
configuration off
up
check "without a switch the world is in reach" pings b 198.51.100.7
spawn b ping -n -i 0.02 10.77.0.1 >"$work/ping.out" 2>&1 &
ping_pid=$!
chatter b eth0 198.51.100.7 2001:db8:7::7
watch_uplink changes a eth0
more_chatter "open"
configuration on
reload
wait_until 10 "the switch is on" closed
began=$(clock)
check "the session goes on" pings b 10.77.0.1
check "a neighbour is out of reach" no_pings b 192.0.2.1
check "and a host behind this one is without a way" no_pings c 192.0.2.1
configuration 'local, on' 'MTU = 1390'
reload
wait_until 10 "the rest of the change is applied" mtu_is 1390
check "with local the neighbour is in reach" pings b 192.0.2.1
check "also over IPv6" pings b 2001:db8::1
check "also for a host behind this one" pings c 192.0.2.1
check "the world is not" no_pings b 198.51.100.7
check "nor for that host" no_pings c 198.51.100.7
configuration on 'MTU = 1380'
reload
wait_until 10 "changed back" mtu_is 1380
check "the neighbour is out of reach again" no_pings b 192.0.2.1
rules >"$work/rules"
on b sysctl -qw net.ipv6.conf.wgb.disable_ipv6=1
configuration off 'Address = fd77::2/64'
check "a reload that cannot be applied says so" output_has 'runs on as it was' fails_to_reload
more_chatter "a reload has failed"
check_equal "the switch is as before" "$(cat "$work/rules")" "$(rules)"
configuration off
ended=$(clock)
reload
wait_until 10 "the switch is off" open
check "and the world in reach" pings b 198.51.100.7
kill -INT "$ping_pid"
wait "$ping_pid" || true
check "the session has lost no more than a reload's moment" awk '/packets transmitted/ { exit !($1 - $4 <= 3) }' "$work/ping.out"
only_tunnel changes "beyond what local allows nothing has left meanwhile" 192.0.2.1:51820 --after "$began" --before "$ended" \
  --within 192.0.2.0/24 --within 2001:db8::/64
check "while before it did" leaks changes --before "$began"
configuration on
reload
on b nft flush ruleset
reload
check "a switch that somebody has flushed comes back with a reload" closed
down

say "by reload, in a table that is there for a full tunnel, and then the relay is killed"
relay_dies() {
  kill -KILL "$(pgrep -P "$(service)")"
  wait_until 10 "the service ends" no_service
}
full() { configuration "$1" && sed -i 's,^AllowedIPs.*,AllowedIPs = 0.0.0.0/0,' "$work/wgb.conf"; }
full off
up
check "there is a table" on b nft list chain inet ringwire-wgb preraw
check "and no switch in it" open
full on
reload
relay_dies
check "a switch that was turned on outlives the relay" closed
check "and nothing leaves" no_pings b 192.0.2.1
up
full off
reload
relay_dies
check "one that was turned off does not come back" open
check "the local network is in reach" pings b 192.0.2.1
down

say "by an up that fails"
configuration on
up
crash
watch_uplink failed a eth0
more_chatter "there is a switch and no tunnel"
configuration on 'PostUp = false'
check "an up that fails" fails_to_come_up
check "leaves the switch" closed
configuration off 'PostUp = false'
check "one that would lift it fails as well" fails_to_come_up
check "and leaves it" closed
more_chatter "no up has worked"
ended=$(clock)
only_tunnel failed "nothing has left" 192.0.2.1:51820 --least 0 --before "$ended"
configuration off
up
check "an up without a switch lifts it" pings b 198.51.100.7
check "when all else is done" open
down
configuration on 'PostUp = false'
check "a first up that fails" fails_to_come_up
check_fails "leaves it closed" open
down
check "until down" nothing_left
chatter_stops

say "by hand"
configuration 'on, local, dns'
on b "$RINGWIRE" up --dry-run "$work/wgb.conf" >"$work/plan"
up
rules >"$work/rules"
down
sed '/^# and to undo it/,$d' "$work/plan" | grep '^nft ' >"$work/nft.sh"
check "the commands of the plan are ones that a person can type" on b sh -e "$work/nft.sh"
check_equal "and do the same" "$(cat "$work/rules")" "$(rules)"
check "the last one lifts it" on b sh -c "$(tail -n 1 "$work/plan")"
check "and nothing is left" nothing_left

say "without nft"
nft=$(readlink -f "$(command -v nft)")
nft_goes() { mount --bind /dev/null "$nft"; }  # seen by this test only
nft_comes() { umount "$nft"; }
configuration on
nft_goes
check "up refuses" fails_to_come_up
nft_comes
check "it names the package" grep -qF 'install the package `nftables`' "$work/wgb.log"
check "and has changed nothing" open
check "not even made the interface" no_interface b wgb
up
nft_goes
check_fails "down cannot lift the switch" down
nft_comes
check "which holds" closed
check "until a down with nft" down
check "lifts it" nothing_left
