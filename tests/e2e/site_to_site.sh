#!/usr/bin/env bash
# The cookbook's site-to-site: hosts in several networks behind each gateway, one file each, routes from AllowedIPs;
# an interactive connection while the far gateway is away; up and down with nothing left over; a failure half-way; a
# killed service.
#
#   ha  192.168.1.9 / fd01::9  --- lan0 a 192.0.2.1 ------ 192.0.2.2 b lan0 ---  192.168.2.9 / fd02::9  hb
#   ha2 192.168.11.9 / fd11::9 --- lan1 a                            b lan1 --- 192.168.22.9 / fd22::9  hb2
source "$(dirname "$0")/lib.sh"

two_bare_hosts
behind() {  # behind GATEWAY IF HOST IPV4_PREFIX IPV6_PREFIX
  host "$3"
  link "$1" "$2" "$3" eth0
  # A router finds neighbours from its link-local address.
  address "$1" "$2" "$4.1/24" "$5::1/64" fe80::1/64
  address "$3" eth0 "$4.9/24" "$5::9/64"
  ip -n "$3" route add default via "$4.1" && ip -n "$3" -6 route add default via "$5::1"
}
behind a lan0 ha 192.168.1 fd01
behind a lan1 ha2 192.168.11 fd11
behind b lan0 hb 192.168.2 fd02
behind b lan1 hb2 192.168.22 fd22

for name in a b; do
  cookbook site-to-site/$name.conf
  mv "$work/$name.conf" "$work/wg$name.conf"
done
up() { on "$1" "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/$2.conf"; }
snapshot() {  # everything on a host that up may change
  on "$1" sh -c 'ip link | grep -o "^[0-9]*: [^:]*"; ip address | grep inet; ip rule; ip -6 rule; ip route show table all
    ip -6 route show table all | sed "s/ expires.*//"; nft list ruleset
    sysctl -a 2>/dev/null | grep "^net.ipv.*\(forward\|redirects\|accept_ra \|rp_filter\|src_valid_mark\)"'
  find /run/ringwire /run/wireguard -type f -o -type s 2>/dev/null | grep -v -e wgb -e sysctls -e '\.log' || true
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

say "somebody types while the far gateway is away"
up a wga
for from in ha ha2; do
  for to in 192.168.2.9 192.168.22.9 fd02::9 fd22::9; do check "from $from to $to" pings $from $to; done
done
check "and back" pings hb2 fd11::9
echo 's/^/heard /' >"$work/answer.sed"
spawn hb2 socat TCP4-LISTEN:7000,reuseaddr "EXEC:sed -u -f $work/answer.sed" 2>>"$work/session.log" &
wait_until 10 "the service listens" listening hb2 7000
for name in ha hb2; do
  count $name narrow 'tcp flags syn tcp option maxseg size <= 1380'
  on $name nft 'add counter inet seen wide; add rule inet seen arriving tcp flags syn tcp option maxseg size > 1380 counter name wide'
done
mkfifo "$work/keyboard"
spawn ha socat - TCP4:192.168.22.9:7000 <"$work/keyboard" >"$work/screen" 2>>"$work/session.log" &
exec 7>"$work/keyboard"
type_line() { echo "$1" >&7; }
shows() { [ "$(tail -n 1 "$work/screen")" = "heard $1" ]; }
type_line one
wait_until 10 "the answer" shows one
check_equal "both ends are told of segments that fit the tunnel" '1 0 1 0' \
  "$(counted ha narrow) $(counted ha wide) $(counted hb2 narrow) $(counted hb2 wide)"
down b wgb
type_line two
type_line three
wait_until 10 "TCP tries in vain" output_has 'retrans:[0-9]+/[2-9]' on ha ss -Htni dst 192.168.22.9
check "nothing comes back while the far service is stopped" shows one
up b wgb
wait_until 20 "the typed lines arrive" shows three
check_equal "each line once, in order" 'heard one heard two heard three' "$(xargs <"$work/screen")"
exec 7>&-
down a wga
as_before "nothing is left"

say "up and down, five times"
for round in 1 2 3 4 5; do
  up a wga
  check "IPv4 from host to host, round $round" pings ha 192.168.2.9
  check "IPv6 back, round $round" pings hb fd01::9
  down a wga
  as_before "nothing is left, round $round"
done
check_fails "a second down is an error" down a wga
as_before "and changes nothing"
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
