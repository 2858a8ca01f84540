#!/usr/bin/env bash
# The sysctls that Forward = on changes: two tunnels share them and the last one restores them, in any order and after
# any kind of end. Values that the kernel changes along are restored too. An uplink configured by router
# advertisements keeps working.
#
#   r eth0 ------ fe80::b isp (advertises itself)
#     eth1 ------ eth1 lan
source "$(dirname "$0")/lib.sh"

host r isp lan
link r eth0 isp eth0
link r eth1 lan eth1
set_sysctl() { on r sh -c "echo $2 >/proc/sys/net/$1"; }
sysctl_of() { on r cat "/proc/sys/net/$1"; }
for name in wga wgb; do
  new_key $name
  (umask 077 && printf '[Interface]\nPrivateKey = %s\n[Gateway]\nForward = on\n' "${private[$name]}" >"$work/$name.conf")
done
snapshot() { on r sysctl -a 2>/dev/null | grep '^net\.ipv' | grep -v '\(neigh\|random\|stable_secret\|fib_info\)'; }
as_before() {
  snapshot >"$work/after"
  diff "$work/before" "$work/after" >&2 || fail "$1"
  [ ! -e /run/ringwire/sysctls ] || fail "$1: sysctls are still held"
  echo "ok: $1"
}
forwards() { [ "$(sysctl_of ipv4/ip_forward) $(sysctl_of ipv6/conf/all/forwarding)" = '1 1' ]; }

# Settings that are not the usual ones, each of which the kernel would overwrite.
set_sysctl ipv4/conf/all/accept_redirects 0
set_sysctl ipv4/conf/eth1/forwarding 1
set_sysctl ipv6/conf/eth1/forwarding 1
set_sysctl ipv6/conf/eth0/accept_ra 1
ip -n isp address add fe80::b/64 dev eth0
advertise() { on isp "$RINGWIRE_PYTHON" "$e2e_dir/tools/advertise.py" 2001:db8:77:: 0xC0 1800; }
ip -n r link set eth0 addrgenmode eui64 down
ip -n r link set eth0 up
has_default() { output_has '^default via fe80::b dev eth0 proto ra' ip -n r -6 route; }
learns() { advertise; has_default; }
wait_until 10 "a default route by router advertisement" learns
snapshot >"$work/before"

say "one tunnel"
up r "$work/wga.conf"
check "the host forwards" forwards
check "the advertised route stays" has_default
ip -n r -6 route delete default
wait_until 10 "it is learned anew" learns
echo "ok: it is learned anew"
snapshot >"$work/while_up"
on r "$RINGWIRE" reload wga
wait_until 10 "the reload" output_has reloaded "$RINGWIRE" log wga
snapshot >"$work/after"
check "a reload touches none of it" diff "$work/while_up" "$work/after"
down r wga
as_before "down leaves all as it was"
check "also the advertised route" has_default

say "two tunnels"
for first in wga wgb; do
  second=wga
  [ $first = wgb ] || second=wgb
  up r "$work/wga.conf"
  up r "$work/wgb.conf"
  down r $first
  check "without $first the host forwards" forwards
  down r $second
  as_before "without $second all is as it was"
done

say "two tunnels, one of which crashes"
up r "$work/wga.conf"
up r "$work/wgb.conf"
kill -KILL "$(pgrep -of 'ringwire up .*/wga.conf')"
wait_until 10 "its interface goes" no_interface r wga
down r wgb
check "its settings stay until it is down" forwards
down r wga
as_before "down undoes them"
up r "$work/wga.conf"
kill -KILL "$(pgrep -of 'ringwire up .*/wga.conf')"
wait_until 10 "its interface goes" no_interface r wga
up r "$work/wga.conf"
check "the next up takes them over" forwards
down r wga
as_before "and undoes them"

say "a reload"
reloaded() {  # reloaded SED_SCRIPT: the file is changed so, and that is in force
  sed -i "$1" "$work/wga.conf"
  on r "$RINGWIRE" reload wga
}
no_forwarding() { [ "$(sysctl_of ipv4/ip_forward) $(sysctl_of ipv6/conf/all/forwarding)" = '0 0' ]; }
sed -i 's/= on/= off/' "$work/wga.conf"
up r "$work/wga.conf"
as_the_kernel_does() { snapshot | grep -v '\.wga\.' | diff "$work/before" - >&2; }
for round in 1 2; do
  reloaded 's/= off/= on/'
  wait_until 10 "the reload" forwards
  reloaded 's/= on/= off/'
  wait_until 10 "the reload" no_forwarding
  check "turns it on and off, round $round" as_the_kernel_does
done
reloaded 's/= off/= on/'
wait_until 10 "the reload" forwards
down r wga
as_before "down undoes what a reload has done"

say "what somebody else has changed while no tunnel needed it"
sed -i 's/= on/= off/' "$work/wga.conf"
up r "$work/wga.conf"
for wanted in on off; do
  reloaded "s/^Forward = .*/Forward = $wanted/"
done
set_sysctl ipv4/ip_forward 1
reloaded 's/= off/= on/'
check "the host forwards" forwards
down r wga
check_equal "is as it was then" '1 0' "$(sysctl_of ipv4/ip_forward) $(sysctl_of ipv6/conf/all/forwarding)"
set_sysctl ipv4/ip_forward 0
set_sysctl ipv4/conf/all/accept_redirects 0
set_sysctl ipv4/conf/eth1/forwarding 1
as_before "the rest as well"

say "what somebody else has changed since"
up r "$work/wga.conf"
set_sysctl ipv6/conf/eth0/accept_ra 0
down r wga
check_equal "is left alone" 0 "$(sysctl_of ipv6/conf/eth0/accept_ra)"

say "another router that came meanwhile"
up r "$work/wga.conf"
on r nft 'table ip filter { chain DOCKER { }; }'
down r wga
check_equal "its forwarding stays on" 1 "$(sysctl_of ipv4/ip_forward)"
check "with a line that says how to end it" output_has 'ip_forward stays 1, because the chain DOCKER of docker.*sysctl -w net.ipv4.ip_forward=0' "$RINGWIRE" log wga
on r nft delete table ip filter
set_sysctl ipv6/conf/all/forwarding 0
set_sysctl ipv4/ip_forward 0
up r "$work/wga.conf"
down r wga
check_equal "without it, down ends forwarding" 0 "$(sysctl_of ipv4/ip_forward)"
