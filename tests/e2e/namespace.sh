#!/usr/bin/env bash
# The cookbook's namespace: programs in it have only the tunnel, run as the calling user, also while the service is
# dead. The host's own network works as before and is restored at the end.
#
#   s (web) 192.168.5.2 ------ .1 a (gateway) 192.0.2.1 ------ 192.0.2.2 b (client)
#                              gateway 10.77.0.1 (the tunnel)  10.77.0.2 client, in the network namespace vpn
source "$(dirname "$0")/lib.sh"
command -v curl >/dev/null || skip "curl (./dev setup)"

# Names and name servers are files of the system; the test has its own.
cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc && rm -rf /etc/netns
rm -f /etc/resolv.conf && echo 'nameserver 192.0.2.53' >/etc/resolv.conf
echo 'e2e-testers:x:54321:nobody' >>/etc/group
two_bare_hosts
host s
link s eth0 a eth1
address s eth0 192.168.5.2/24
address a eth1 192.168.5.1/24
new_key gateway client
cookbook namespace/gateway.conf
cookbook namespace/client.conf
up() { on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/client.conf"; }
down() { on b "$RINGWIRE" down client; }
run_inside() { on b "$RINGWIRE" exec client -- "$@"; }  # as root, who is the invoking user of this test
as_nobody() { on b env SUDO_UID="$(id -u nobody)" SUDO_GID="$(id -g nobody)" "$RINGWIRE" exec client -- "$@"; }
fetch() { run_inside curl -s -m "$patience" http://192.168.5.2:8000/; }
service() { pgrep -of "ringwire up .*/client.conf"; }
snapshot() {
  on b sh -c 'ip link | grep -o "^[0-9]*: [^:]*"; ip address | grep inet; ip rule; ip -6 rule; ip route show table all
    ip -6 route show table all; nft list ruleset; sysctl -a --pattern "^net.*(forward|rp_filter|valid_mark)"' 2>/dev/null
  ls /run/netns
  cat /etc/resolv.conf
  find /run/ringwire /run/wireguard /etc/netns -name '*.log*' -prune -o -name '*client*' -print -o -name '*vpn*' -print 2>/dev/null || true
}
mkdir "$work/site" && echo 'the far side' >"$work/site/index.html"
(cd "$work/site" && spawn s "$RINGWIRE_PYTHON" -u -m http.server 8000 >"$work/web.log" 2>&1) &
wait_until 10 "the web server" listening s 8000
spawn a "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/gateway.conf" >>"$work/gateway.log" 2>&1 &
daemon_pid[gateway]=$! daemon_host[gateway]=a
wait_until 10 "the gateway is up" ready a gateway
snapshot >"$work/before"

say "its own namespace"
sed 's,^Namespace.*,Namespace = b,' "$work/client.conf" >"$work/own.conf"
chmod 600 "$work/own.conf"
check "is refused" output_has 'runs in the network namespace b itself.*\(leave Namespace out' on b "$RINGWIRE" up "$work/own.conf"
snapshot >"$work/after"
check "and nothing is done" diff "$work/before" "$work/after"

say "what would be done"
check "is said as commands" output_has '^ip -n vpn -4 route add 0.0.0.0/0 dev client' on b "$RINGWIRE" up --dry-run "$work/client.conf"
check_fails "and nothing is done" test -e /run/netns/vpn

say "up"
up
check_equal "a program inside reaches the far side" 'the far side' "$(fetch)"
check "by the gateway, whose address it sees" grep -q '^192\.168\.5\.1 ' "$work/web.log"
check_fails "a program outside does not" on b curl -s -m 1 http://192.168.5.2:8000/
check_equal "there is lo and the tunnel" $'client\nlo' "$(run_inside ls /sys/class/net | sort)"
check_equal "its name server" 'nameserver 10.77.0.1' "$(run_inside grep nameserver /etc/resolv.conf)"
check_equal "the host has its own" 'nameserver 192.0.2.53' "$(cat /etc/resolv.conf)"
check_equal "ip netns exec sees the same" 'nameserver 10.77.0.1' "$(ip netns exec vpn grep nameserver /etc/resolv.conf)"
check "wg speaks to it from outside" output_has 'latest handshake' on b wg show client
check "so does ringwire, which names the namespace" output_has '^ +namespace: vpn' on b "$RINGWIRE" show client

say "other programs inside"
inside() { ip -n vpn -o address show dev client scope global | awk '{ print $4 }' | sort | xargs; ip -n vpn route; ip -n vpn -6 route; }
whole=$(inside)
ip -n vpn address del 10.77.0.2/32 dev client
check_soon "an address that one removes comes back" prints "$whole" inside
ip -n vpn route flush dev client
check_soon "so do routes" prints "$whole" inside
ip -n vpn link set client down
ip -n vpn link set client up
check_soon "and what goes with a link that goes down" prints "$whole" inside
if ip -n vpn link set client name other 2>/dev/null; then  # since Linux 6.2, while it is up
  check_soon "the interface gets its name back" ip -n vpn link show client
fi
check "with lines in the log" output_has 'restored .*(address|route)' on b "$RINGWIRE" log client
check_equal "and the tunnel goes on" 'the far side' "$(fetch)"

say "who runs"
check_equal "the invoking user" "$(id -u nobody) $(id -g nobody)" "$(as_nobody sh -c 'echo $(id -u) $(id -g)')"
check_equal "with the groups of that user" "$(id -G nobody)" "$(as_nobody id -G)"
check_equal "and home and name" "$(getent passwd nobody | cut -d: -f6) nobody" "$(as_nobody sh -c 'echo $HOME $USER$SUDO_UID')"
check_equal "no capability" 'CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 CapAmb: 0000000000000000' \
  "$(as_nobody grep -E 'Cap(Inh|Prm|Eff|Amb)' /proc/self/status | xargs)"
check_equal "no descriptor of ours" "$(on b ls /proc/self/fd)" "$(as_nobody ls /proc/self/fd)"
check_equal "the umask of the caller" 0027 "$(umask 027 && as_nobody sh -c umask)"
check_equal "also without --" "$(id -u nobody)" "$(on b env SUDO_UID="$(id -u nobody)" "$RINGWIRE" exec client id -u)"
check_equal "options of the program are its own" '--help -- -x --log-level=' "$(run_inside echo --help -- -x --log-level=)"
check_fails "root is no way out of a number that is none" on b env SUDO_UID=x "$RINGWIRE" exec client -- touch "$work/as_root"
check_fails "nor of a user that there is not" on b env SUDO_UID=54322 "$RINGWIRE" exec client -- touch "$work/as_root"
check_fails "nothing was run" test -e "$work/as_root"
check_fails "nobody else may" setpriv --reuid=nobody --regid=nogroup --clear-groups "$RINGWIRE" exec client -- true
code() { local status=0; "$@" >/dev/null 2>&1 || status=$?; echo "$status"; }
check_equal "its exit status" 7 "$(code run_inside sh -c 'exit 7')"
check_equal "no such program" 127 "$(code run_inside no-such-program)"
check_equal "no program at all" 2 "$(code on b "$RINGWIRE" exec client)"
run_inside sh -c 'trap "exit 9" TERM; echo $$ >'"$work"'/pid; while :; do sleep 0.05; done' &
wait_until 5 "a program runs" test -s "$work/pid"
kill -TERM "$(cat "$work/pid")"
status=0; wait $! || status=$?
check_equal "signals reach it" 9 "$status"
check "an interface without a namespace says so" output_has 'has none of its own.*Namespace = NAME' on a "$RINGWIRE" exec gateway -- true
check "one that is not up as well" output_has 'it is not up' on b "$RINGWIRE" exec nothing -- true

say "reload"
reload() {  # reload WHAT EXPRESSION: the file changed by sed
  sed -i "$2" "$work/client.conf"
  on b "$RINGWIRE" reload client
}
reload "a route" 's,^AllowedIPs.*,AllowedIPs = 192.168.5.0/24,; s,^DNS.*,DNS = 10.77.0.9,; s,^Address.*,Address = 10.77.0.2/32\, 10.77.0.22/32,'
wait_until 5 "routes of the new file" output_has '192.168.5.0/24' ip -n vpn route
wait_until 5 "not those of the old one" prints '' ip -n vpn route show default
check "addresses" output_has '10\.77\.0\.22' ip -n vpn address show dev client
check_equal "and its name server" 'nameserver 10.77.0.9' "$(run_inside grep nameserver /etc/resolv.conf)"
check_equal "in force" 'the far side' "$(fetch)"

say "the service dies"
run_inside sh -c "until [ -e $work/enough ]; do curl -s -m 1 http://192.168.5.2:8000/ >$work/fetched || true; sleep 0.05; done" &
inside=$!
wait_until 5 "a program goes on" grep -q far "$work/fetched"
kill -KILL "$(service)"
wait_until 10 "the interface goes" no_interface vpn client
check_fails "nothing leaves" on vpn curl -s -m 1 http://192.168.5.2:8000/
check "exec says why" output_has 'it is not up' on b "$RINGWIRE" exec client -- true
sed -i 's,^AllowedIPs.*,AllowedIPs = 0.0.0.0/0\, ::/0,' "$work/client.conf"
: >"$work/fetched"
up
wait_until 5 "after the next up the same program has the tunnel again" grep -q far "$work/fetched"
pkill -KILL -P "$(service)"
wait_until 10 "the relay dies and the interface goes" no_interface vpn client
wait_until 10 "the service ends" output_has 'it is not up' on b "$RINGWIRE" exec client -- true
check "the namespace stays" test -e /run/netns/vpn
: >"$work/fetched"
up
wait_until 5 "up again" grep -q far "$work/fetched"

say "down"
check "does not strand a program, and says so" output_has 'vpn: in use by ' down
check "twice is harmless" down
up
: >"$work/fetched"
wait_until 5 "the program is still there" grep -q far "$work/fetched"
touch "$work/enough" && wait "$inside"
down
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "down leaves something"
echo "ok: nothing is left"

chmod 755 "$work" && mkdir -m 755 "$work/plan" && grep -v '^PrivateKey' "$work/client.conf" >"$work/plan/client.conf"
say "two tunnels in one namespace"
sed -e '/^DNS/d' -e "s,^PrivateKey.*,PrivateKey = $(wg genkey)," -e 's,^Address.*,Address = 10.78.0.2/32,' \
  -e 's,^AllowedIPs.*,AllowedIPs = 10.78.0.0/24,' "$work/client.conf" >"$work/second.conf"
chmod 600 "$work/second.conf"
up
on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/second.conf"
check_equal "both are in it" $'client\nlo\nsecond' "$(run_inside ls /sys/class/net | sort)"
down
check "the one that made it goes" output_has '10.78.0.0/24' ip -n vpn route
check "and the other one still has it" on b "$RINGWIRE" exec second -- ip link show second
on b "$RINGWIRE" down second
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "the last one leaves something"
echo "ok: nothing is left"

say "another namespace"
up
kill -KILL "$(service)"
wait_until 10 "the interface goes" no_interface vpn client
sed -i 's,^Namespace.*,Namespace = other,' "$work/client.conf"
up
check "is where the tunnel is" ip -n other link show client
check_fails "the one of the predecessor is removed" test -e /run/netns/vpn
sed -i 's,^Namespace.*,Namespace = vpn,' "$work/client.conf"
check "a reload into another one is refused" output_has 'another Namespace needs a restart' on b "$RINGWIRE" reload client
down
cp "$work/client.conf" "$work/moving.conf"
sed -i 's,^Namespace.*,KillSwitch = on,; /^DNS/d' "$work/moving.conf"
moving() { on b "$RINGWIRE" "$1" "${@:2}" "$work/moving.conf"; }
moving up "--io=$RINGWIRE_E2E_IO"
kill -KILL "$(pgrep -of "ringwire up .*/moving.conf")"
wait_until 10 "the interface goes" no_interface b moving
sed -i 's,^KillSwitch.*,&\nNamespace = vpn,' "$work/moving.conf"
check "a kill switch is not lifted by moving" output_has 'still blocks traffic in this network namespace, .*ringwire down moving' moving up
check "it is there" on b nft list chain inet ringwire-moving output
check_fails "and nothing else" ip -n vpn link show moving
moving down
moving up "--io=$RINGWIRE_E2E_IO"
check "down and up move it" ip netns exec vpn nft list chain inet ringwire-moving output
moving down
check "without root the plan is shown" output_has '^ip netns add vpn' setpriv --reuid=nobody --regid=nogroup --clear-groups \
  "$RINGWIRE" up --dry-run "$work/plan/client.conf"
up
ip netns delete vpn
check_equal "exec finds the way also when somebody has deleted the name" 'the far side' "$(fetch)"
check "down misses nothing" down
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "down leaves something"
echo "ok: nothing is left"

say "a name that is left without its namespace, as by a kill in the midst of up or down"
unfinished() {
  up
  kill -KILL "$(service)"
  wait_until 10 "the interface goes" no_interface vpn client
  umount /run/netns/vpn
  check "the name is there" test -f /run/netns/vpn -a -f /run/ringwire/vpn.netns
}
unfinished
check "down removes it" down
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "down leaves something"
unfinished
check "up makes another one" up
check_equal "which works" 'the far side' "$(fetch)"
down
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "down leaves something"
echo "ok: nothing is left"

say "from programs that have mounts of their own"
elsewhere() { ip netns exec b "$@"; }
elsewhere "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/client.conf"
check "the namespace is seen by everybody" ip -n vpn link show client
check_equal "in use" 'the far side' "$(elsewhere "$RINGWIRE" exec client -- curl -s -m "$patience" http://192.168.5.2:8000/)"
check_equal "and as ip netns does it" 'the far side' "$(ip netns exec vpn curl -s -m "$patience" http://192.168.5.2:8000/)"
elsewhere "$RINGWIRE" down client
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "down leaves something"
echo "ok: nothing is left"

say "what was there before"
: >/run/netns/vpn
check "a name that is no namespace's is refused" output_has 'something else has that name' up
rm /run/netns/vpn
ip netns add vpn
mkdir -p /etc/netns/vpn && echo 'nameserver 192.0.2.54' >/etc/netns/vpn/resolv.conf
up
check_equal "is used" 'the far side' "$(fetch)"
check_equal "for as long as it lasts" 'nameserver 10.77.0.9' "$(run_inside grep nameserver /etc/resolv.conf)"
down
check "the namespace is left" ip -n vpn link show lo
check_equal "the file is back" 'nameserver 192.0.2.54' "$(cat /etc/netns/vpn/resolv.conf)"
check_equal "without a trace" 'resolv.conf' "$(ls /etc/netns/vpn /etc/netns | grep -v -e ':$' -e '^vpn$' -e '^$')"

say "another way out of it"
link vpn eth9 s eth9
address vpn eth9 203.0.113.9/24
# other_way FAMILY ROUTE...: up refuses, with a command that helps.
other_way() {
  ip -n vpn "$1" route add "${@:2}"
  check_fails "is never preferred in silence: ip $*" up
  check "and named" output_has 'programs in the network namespace vpn can reach the world by the route' up
  up 2>"$work/said" || true
  on b sh -c "$(sed -n 's/.*(`\(.*\)` removes it.*/\1/p' "$work/said")"
  check_equal "what it prints removes it" '' "$(ip -n vpn "$1" route show table all "$2")"
}
other_way -4 default via 203.0.113.1
other_way -6 default dev eth9
other_way -4 default dev eth9 metric 5000
other_way -4 128.0.0.0/1 via 203.0.113.1
ip -n vpn rule add from 203.0.113.9 lookup 100
other_way -4 default via 203.0.113.1 table 100
ip -n vpn route add 198.51.100.7 via 203.0.113.1
up 2>"$work/said"
check "a narrow one is only named" grep -qF 'by the route 198.51.100.7/32 dev eth9 instead of the tunnel' "$work/said"
check_equal "in use all the same" 'the far side' "$(fetch)"
ip -n vpn route add default dev eth9 metric 5000
check "one that comes later fails a reload" output_has 'by the route 0.0.0.0/0 dev eth9 instead' on b "$RINGWIRE" reload client
ip -n vpn route delete default dev eth9
down
ip -n vpn route delete 198.51.100.7
ip -n vpn rule delete from 203.0.113.9
check_equal "and nothing is left of the attempt" 'eth9 lo' "$(ip netns exec vpn ls /sys/class/net | sort | xargs)"
