#!/usr/bin/env bash
# `up` and `down`, again and again (RINGWIRE_E2E_ROUNDS, 20): afterwards links, addresses, routes of all tables,
# rules, nft tables, sysctls, sockets and files are as before. Also when `up` fails, when the service is killed, and
# when `down` runs twice. With a real resolvconf, on an /etc of the test's own.
#
#   a (gateway, does not answer)  192.0.2.1 ------ 192.0.2.2  b
source "$(dirname "$0")/lib.sh"

openresolv=/usr/local/lib/ringwire-tests/openresolv
rounds=${RINGWIRE_E2E_ROUNDS:-20}

two_bare_hosts
ip -n b route add default via 192.0.2.1 && ip -n b -6 route add default via 2001:db8::1
cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc
mount -t tmpfs tmpfs /usr/local/sbin
dns='DNS = 10.77.0.53, fd77::53, tunnel.example'
if [ -x $openresolv/sbin/resolvconf ]; then
  cp -a $openresolv/lib/resolvconf "$work/resolvconf"
  sed "s,^LIBEXECDIR=.*,LIBEXECDIR=$work/resolvconf," $openresolv/sbin/resolvconf >/usr/local/sbin/resolvconf
  sed -i "s,^LIBEXECDIR=.*,LIBEXECDIR=$work/resolvconf," "$work/resolvconf/libc"
  chmod +x /usr/local/sbin/resolvconf
  rm -f /etc/resolv.conf  # of a program that is not there
  : >/etc/resolv.conf
  printf 'nameserver 192.0.2.53\nsearch home.example\n' | on b resolvconf -a eth0
  grep -q '^nameserver 192.0.2.53' /etc/resolv.conf || fail "openresolv does not work"
else
  echo "SKIP (name servers only): needs openresolv (./dev setup)"
  dns=
fi

keys() { printf '[Interface]\nPrivateKey = %s\nListenPort = 51820\nAddress = 10.77.0.2/24, fd77::2/64\n' "${private[b]}"; }
peer() { printf '[Peer]\nPublicKey = %s\nEndpoint = 192.0.2.1:51820\nAllowedIPs = %s\n' "${public[a]}" "$1"; }
umask 077
{
  keys
  cat <<TEXT
MTU = 1380
$dns
PreUp = echo "%i" >/etc/pre-up
PostUp = echo 'a # b' >/etc/post-up; ip route add 203.0.113.0/24 dev %i
PreDown = rm /etc/post-up; ip route del 203.0.113.0/24 dev %i 2>/dev/null || true
PostDown = rm /etc/pre-up
[Gateway]
KillSwitch = on
TEXT
  peer 0.0.0.0/0,::/0
} >"$work/wgb.full"
{
  keys
  printf 'Table = gateways\n[Gateway]\nForward = on\nMasquerade = auto\n'
  peer 10.77.0.0/24,10.99.0.0/16,fd99::/32
} >"$work/wgb.gateway"
mkdir -p /etc/iproute2/rt_tables.d
echo '1234 gateways' >/etc/iproute2/rt_tables.d/ringwire_test.conf
conf=$work/wgb.conf
use() { cp "$work/wgb.$1" "$conf"; }

up() { on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" --log-level=error "$conf"; }
down() { on b "$RINGWIRE" down wgb; }
# The counters of what goes on in the kernel are no settings.
volatile='nf_conntrack_count|netdev_rss_key|nf_conntrack_buckets|stable_secret|random'
snapshot() {
  # shellcheck disable=SC2016  # expanded by the inner shell
  on b sh -c '
    ip -o -d link; ip -o address; ip rule; ip -6 rule; ip route show table all; ip -6 route show table all
    nft list ruleset
    echo sockets; ss -Hantuw0 | sort; ss -Hlx | awk "\$5 != \"*\" { print \$5 }" | grep -v "^@" | sort
    echo settings; sysctl -a -r "^net\." 2>/dev/null | grep -Ev "'"$volatile"'"'
  echo files
  find /run /etc -path "$work" -prune -o ! -type d -printf '%p %y %m %u %g %l\n' | sort
  find /etc -type f -exec sha256sum {} + | sort -k 2
}
compare() {  # compare WHAT
  snapshot >"$work/after"
  diff "$work/before" "$work/after" >"$work/difference" || { head -n 40 "$work/difference" >&2; fail "$1 leaves something"; }
}
up_is_whole() {
  ip -n b link show wgb >/dev/null || fail "wgb is not there"
  if [ "$1" = full ]; then
    [ "$(cat /etc/pre-up /etc/post-up | xargs)" = "wgb a # b" ] || fail "the hooks were not run"
    [ -z "$dns" ] || grep -q '^nameserver 10.77.0.53' /etc/resolv.conf || fail "the name servers are not set"
  else
    ip -n b route show table 1234 | grep 10.99 >/dev/null || fail "the routes are not there"
  fi
}

use full && up && down  # modules of the kernel that come with the first use bring settings along
snapshot >"$work/before"

say "$rounds rounds"
for ((round = 1; round <= rounds; ++round)); do
  kind=full
  ((round % 4)) || kind=gateway
  use $kind
  up || fail "round $round: up"
  up_is_whole $kind
  down || fail "round $round: down"
  ((round % 5 && round < rounds)) || compare "round $round"
done
compare "the last round"
echo "ok: nothing is left after $rounds rounds"

say "down twice"
use full
check "up" up
check_fails "a second up is refused" up
up_is_whole full
check "down" down
check_fails "again, which is an error" down
check_fails "and by the file" on b "$RINGWIRE" down "$conf"
compare "down twice"

say "a way up that fails"
broken() {  # broken WHAT PATTERN: up fails, says why, and leaves nothing but its kill switch, which down lifts
  check_fails "$1" up
  grep -Eq -- "$2" "$work/check.out" || { cat "$work/check.out" >&2; fail "$1: the error does not say $2"; }
  if grep -q '^KillSwitch = on' "$conf"; then
    check "$1 leaves the kill switch closed" on b nft list table inet ringwire-wgb
    check "down lifts it" on b "$RINGWIRE" down wgb
  fi
  compare "$1"
}
for hook in PreUp PostUp; do
  use full && sed -i "/^$hook/a $hook = echo more; exit 7" "$conf"
  broken "a failing $hook" "$hook = echo more; exit 7: it ended with exit code 7"
done
use full && sed -i 's/^Address.*/Address = 10.77.0.2\/24, ff02::2\/64/' "$conf"
broken "an address that the kernel refuses" 'add the address ff02::2/64: '
spawn b socat -u UDP4-RECV:51820 - >/dev/null 2>&1 &
taken=$!
wait_until 5 "the port is taken" output_has ':51820\b' on b ss -Hlun
snapshot >"$work/before"
use full
broken "a port that is taken" '51820.*(in use|taken)'
kill "$taken" && wait "$taken" 2>/dev/null || true
ip -n b route add 10.99.0.0/16 via 192.0.2.1 table 1234
snapshot >"$work/before"
use gateway && sed -i 's/^AllowedIPs/AllowedIPs = 10.0.0.0\/9\n&/' "$conf"
broken "a route that is somebody else's" 'add the route 10.99.0.0/16 .*there is another one'
ip -n b route del 10.99.0.0/16 table 1234
snapshot >"$work/before"

say "killed"
service() { pgrep -of "ringwire up .*/wgb.conf"; }
relay() { pgrep -x ringwire -P "$(service)"; }
no_service() { ! service; }
for whom in service relay both; do
  use full
  check "up" up
  case $whom in
    both) kill -KILL "$(service)" "$(relay)" ;;
    *) kill -KILL "$($whom)" ;;
  esac
  wait_until 10 "the interface goes" no_interface b wgb
  wait_until 10 "nobody is left" no_service
  check_fails "nothing leaves" on b ping -n -c 1 -W 0.3 192.0.2.1
  check "down after it was killed: $whom" down
  compare "down after it was killed: $whom"
done
check "up" up
kill -KILL "$(service)"
wait_until 10 "the interface goes" no_interface b wgb
wait_until 10 "nobody is left" no_service
check "up again after it was killed" up
up_is_whole full
check "down" down
compare "up again and down after the service was killed"

if [ -n "$dns" ]; then
  say "without resolvconf by now"
  use full
  on b "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$conf" || fail "up"
  mv /usr/local/sbin/resolvconf "$work/resolvconf.away"
  check "down" down
  check "it is said, where the service says things" output_has 'resolvconf is not there any more' "$RINGWIRE" log wgb
  mv "$work/resolvconf.away" /usr/local/sbin/resolvconf
  on b resolvconf -d wgb -f
  compare "down without resolvconf"
fi
