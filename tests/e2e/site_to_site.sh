#!/usr/bin/env bash
# The cookbook's site-to-site: hosts behind each gateway, one file on each, routes from AllowedIPs; up, down, and nothing
# left over; a failure half-way; and a service that is killed.
#
#   ha 192.168.1.9 / fd01::9 --- a 192.0.2.1 ------ 192.0.2.2 b --- hb 192.168.2.9 / fd02::9
source "$(dirname "$0")/lib.sh"

two_bare_hosts
host ha hb
link a lan0 ha eth0
link b lan0 hb eth0
# A router finds neighbours from its link-local address.
address a lan0 192.168.1.1/24 fd01::1/64 fe80::a/64
address b lan0 192.168.2.1/24 fd02::1/64 fe80::b/64
address ha eth0 192.168.1.9/24 fd01::9/64
address hb eth0 192.168.2.9/24 fd02::9/64
ip -n ha route add default via 192.168.1.1 && ip -n ha -6 route add default via fd01::1
ip -n hb route add default via 192.168.2.1 && ip -n hb -6 route add default via fd02::1
router a b

cookbook=$e2e_dir/../../docs/cookbook/site-to-site
for name in a b; do
  (umask 077 && echo "${private[$name]}" >"$work/$name.key" &&
    sed -e "s,/etc/ringwire/,$work/," -e "s,PUBLIC_KEY_OF_A,${public[a]}," -e "s,PUBLIC_KEY_OF_B,${public[b]}," \
      "$cookbook/$name.conf" >"$work/wg$name.conf")
done
up() { on "$1" "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/$2.conf"; }
down() { on "$1" "$RINGWIRE" down "$2"; }
snapshot() {  # everything on a host that up may change
  on "$1" sh -c 'ip link | grep -o "^[0-9]*: [^:]*"; ip address | grep inet; ip rule; ip -6 rule; ip route show table all
    ip -6 route show table all | sed "s/ expires.*//"; nft list ruleset; cat /proc/sys/net/ipv4/conf/all/src_valid_mark'
  find /run/ringwire /run/wireguard -type f -o -type s 2>/dev/null | grep -v wgb || true
}
refused() {  # refused TEXT COMMAND...: it fails and says so
  local text=$1
  shift
  ! "$@" >"$work/refused" 2>&1 && grep -qF "$text" "$work/refused"
}
service() { pgrep -of "ringwire up .*/$1.conf"; }

as_before() {  # as_before WHAT: nothing on a differs
  snapshot a >"$work/after"
  diff "$work/before" "$work/after" >&2 || fail "$1"
  echo "ok: $1"
}
snapshot a >"$work/before"
check "up on b" up b wgb
on a "$RINGWIRE" up --dry-run "$work/wga.conf" >"$work/plan"
check "a dry run prints the commands" grep -qx 'ip -4 route add 192.168.2.0/24 dev wga' "$work/plan"
as_before "and changes nothing"

say "up and down, five times"
for round in 1 2 3 4 5; do
  up a wga
  check "IPv4 from host to host, round $round" pings ha 192.168.2.9
  check "IPv6 back, round $round" pings hb fd01::9
  down a wga
  as_before "nothing is left, round $round"
done
check "down twice is harmless" down a wga
up a wga
check "the second up is refused, with the fix" refused 'ringwire down wga' up a wga

say "SIGKILL of the service, and of its relay"
kill -KILL "$(service wga)"
wait_until 10 "the interface goes" no_interface a wga
check "down undoes what is left" down a "$work/wga.conf"
as_before "all of it"
up a wga
kill -KILL "$(service wga)"
check "the next up undoes it, too" up a wga
check "and works" pings ha 192.168.2.9
down a wga
spawn a "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wga.conf" >>"$work/wga.log" 2>&1 &
pid=$!
wait_until 10 "it runs" grep -q 'is ready' "$work/wga.log"
kill -KILL "$(pgrep -P "$pid")"
wait_until 10 "without its relay the service ends" gone "$pid"
check "and says why" grep -q 'serve wga: it was ended by signal 9' "$work/wga.log"
as_before "and has undone everything"

say "hooks, and a failure half-way"
sed "/^ListenPort/a PreUp = echo %i pre-up >>$work/hooks\nPostUp = echo %i post-up >>$work/hooks\nPreDown = echo pre-down >>$work/hooks\nPostDown = ! ip link show %i 2>/dev/null \&\& echo post-down >>$work/hooks" \
  "$work/wga.conf" >"$work/hooked.conf"
mv "$work/hooked.conf" "$work/wga.conf"
up a wga
down a wga
check_equal "each at its moment" 'wga pre-up wga post-up pre-down post-down' "$(xargs <"$work/hooks")"
sed -i '/^ListenPort/a PostUp = exit 7' "$work/wga.conf"
check "a hook that fails is the reason" refused 'run PostUp = exit 7: it ended with exit code 7' up a wga
as_before "and everything is as before"
check "down on b" down b wgb
