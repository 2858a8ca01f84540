#!/usr/bin/env bash
# What a killed ringwire 0.1.0 left behind, this ringwire undoes: the files in tests/fixtures/0.1.0 are its own, the rest of its
# traces is made here. Files in a newer format are refused, and nothing changes.
#
#   a (wga: a forwarded port) --- b (wgb: full tunnel with kill switch; wgc: namespace vpn)
source "$(dirname "$0")/lib.sh"

fixtures=$e2e_dir/../fixtures/0.1.0
two_bare_hosts
on b sh -c 'ip rule; ip -6 rule; ip route show table all; ip -6 route show table all; nft list ruleset' >"$work/before"
network() { on "$1" stat -L -c %i /proc/self/ns/net; }
# left FILE: the fixture, for the network namespaces of this test.
left() {
  sed "s/4026532251/@a@/g; s/4026532255/@b@/g; s/4026532602/@vpn@/g;
    s/@a@/$(network a)/g; s/@b@/$(network b)/g; s/@vpn@/${vpn:-0}/g" "$fixtures/$1" >"/run/ringwire/$1"
}
mkdir -p /run/ringwire /var/lib/ringwire
for file in sysctls wga.journal wgb.journal wgb.names; do left "$file"; done

say "a forwarded port"
on a sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
  nft "add table inet ringwire-wga; add chain inet ringwire-wga x { type filter hook forward priority 0; }"'
check "down of a dead service" down a wga
check_fails "the table is gone" on a nft list table inet ringwire-wga
check_equal "IPv4 is forwarded no longer" 0 "$(on a cat /proc/sys/net/ipv4/ip_forward)"
check_equal "nor is IPv6" 0 "$(on a cat /proc/sys/net/ipv6/conf/all/forwarding)"
check "the hook has run" test -e "$work/post_down"
check_fails "the journal is gone" test -e /run/ringwire/wga.journal

say "a full tunnel with a kill switch"
on b sh -c 'nft "add table inet ringwire-wgb; add chain inet ringwire-wgb output { type filter hook output priority 0; policy drop; }"
  echo 1 >/proc/sys/net/ipv4/conf/all/src_valid_mark
  ip route add unreachable default table 51820 metric 4294967295
  ip -6 route add unreachable default table 51820 metric 4294967295
  ip rule add to 192.0.2.0/24 priority 32763 lookup main suppress_prefixlength 23
  ip -6 rule add to 2001:db8::/64 priority 32763 lookup main suppress_prefixlength 63
  ip rule add not fwmark 51820 priority 32764 lookup 51820
  ip -6 rule add not fwmark 51820 priority 32764 lookup 51820'
traces() { on b sh -c 'ip rule; ip -6 rule; ip route show table all; ip -6 route show table all; nft list ruleset'; }
traces >"$work/with_traces"

say "a newer format is refused"
sed -i 's/"ringwire_journal":1/"ringwire_journal":2/' /run/ringwire/wgb.journal
check_fails "down refuses it" down b wgb
check "and says what to do" output_has 'newer ringwire.*format 2.*run `ringwire down wgb` with that version' down b wgb
check_equal "nothing has changed" "$(cat "$work/with_traces")" "$(traces)"
sed -i 's/"ringwire_journal":2/"ringwire_journal":1/' /run/ringwire/wgb.journal
sed -i 's/"ringwire_sysctls":1/"ringwire_sysctls":9/' /run/ringwire/sysctls
check_fails "down cannot give the sysctl back" down b wgb
check "and says why" output_has 'sysctls: a newer ringwire.*format 9' down b wgb
check "the journal keeps what is left to do" test -e /run/ringwire/wgb.journal
sed -i 's/"ringwire_sysctls":9/"ringwire_sysctls":1/' /run/ringwire/sysctls

check "down with the files as they were" down b wgb
check_equal "routes, rules and tables are as before" "$(cat "$work/before")" "$(traces)"
check_equal "and so is the sysctl" 0 "$(on b cat /proc/sys/net/ipv4/conf/all/src_valid_mark)"
check_fails "no journal stays" test -e /run/ringwire/wgb.journal
check_fails "nor a known name" test -e /run/ringwire/wgb.names

say "a network namespace"
ip netns add vpn
vpn=$(network vpn)
left vpn.netns
left wgc.journal
check "down" down b wgc
check_fails "the namespace is gone" test -e /run/netns/vpn

say "timestamps of handshakes"
cp "$fixtures/wga.stamps" /var/lib/ringwire/
install -m 600 "$fixtures/wga.conf" "$work/wga.conf"
peer=$(sed -n 's/^PublicKey = //p' "$work/wga.conf")
up a "$work/wga.conf"
check "the peer's timestamp was read: there is one to forget" on a "$RINGWIRE" forget wga "$peer"
check_fails "then there is none" on a "$RINGWIRE" forget wga "$peer"
down a wga
