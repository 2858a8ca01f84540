#!/usr/bin/env bash
# SaveConfig and `ringwire save`: changes by `wg set` and a peer's move are in the file afterwards, as with wg-quick;
# the rest of the file is unchanged. A reload and a save report their result.
#
#   a (up) ------ b (moves)
source "$(dirname "$0")/lib.sh"

two_bare_hosts
new_key c
start b wgb
set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
wg set wgb peer "${public[a]}" endpoint 192.0.2.1:51820 allowed-ips 10.77.0.0/24,fd77::1/128 persistent-keepalive 1
etc=$work/etc
mkdir "$etc"
conf=$etc/wga.conf
configuration() {  # configuration [LINE]: of a; LINE is the interface's last one
  (umask 077 && cat >"$conf" <<TEXT
# a gateway
[interface]
PrivateKey=${private[a]}  # not to be shown
ListenPort = 51820
Address = 10.77.0.1/24, fd77::1/64
MTU = 1380
SaveConfig = true
PreDown = wg set %i peer ${public[c]} allowed-ips 10.77.0.3/32,10.99.0.0/16 # the last word
${1:-}

# B's
[Peer]
PublicKey = ${public[b]}
Name = b
AllowedIPs = 10.77.0.2/32,fd77::2/128   # as ever
Endpoint = 192.0.2.2:51820
TEXT
  )
}
up() { on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$conf"; }
down() { on a "$RINGWIRE" down wga; }
# What wg makes of both: of the device, and of the file.
shown() { wg showconf wga | sort; }
in_file() { "$RINGWIRE" strip "$conf" | sort; }
service() { pgrep -of "ringwire up .*/wga.conf"; }

says() { grep -Eq -- "$2" "$work/check.out" || { cat "$work/check.out" >&2; fail "$1"; }; echo "ok: $1"; }

say "save"
configuration && cp "$conf" "$work/old.conf"
check "up" up
check "b is reached" pings a 10.77.0.2
check "nothing has changed" "$RINGWIRE" save wga
check "so the file is as it was" cmp "$work/old.conf" "$conf"
wg set wga peer "${public[c]}" preshared-key <(wg genpsk) allowed-ips 10.77.0.3/32
wg set wgb listen-port 40001
b_is_at() { wg show wga endpoints | grep -F "${public[b]}"$'\t'"$1" >/dev/null; }
wait_until 5 "a has followed b" b_is_at 192.0.2.2:40001
wg set wga listen-port 51999
ip -n a address add 10.88.0.1/32 dev wga
mkdir "$work/link" && ln -s "$conf" "$work/link/wga.conf"
chmod 644 "$conf"
check "save by the file's name" "$RINGWIRE" save "$work/link/wga.conf"
check_equal "what wg shows is in the file" "$(shown)" "$(in_file)"
check_equal "for its owner only" "600 0 0" "$(stat -c '%a %u %g' "$conf")"
check_equal "only what has changed is another line" "ListenPort = 51999 Address = 10.88.0.1/32 Endpoint = 192.0.2.2:40001 [Peer] PublicKey = ${public[c]}" \
  "$(diff "$work/old.conf" "$conf" | sed -n 's/^> //p' | grep -v '^PresharedKey\|^AllowedIPs = 10.77.0.3/32$\|^$' | xargs)"
check_equal "nothing is left beside it" wga.conf "$(ls -A "$etc")"

say "a peer that comes and goes while the device runs"
new_key d
in_conf() { grep -qF "${public[$1]}" "$conf"; }
on_device() { wg show wga peers | grep -F "${public[$1]}" >/dev/null; }
wg set wga peer "${public[d]}" allowed-ips 10.77.0.4/32
check "save" "$RINGWIRE" save wga
check "it is in the file" in_conf d
wg set wga peer "${public[d]}" remove
check "save again" "$RINGWIRE" save wga
check_fails "a revoked peer is no longer in the file" in_conf d
check "reload" "$RINGWIRE" reload wga
check_fails "and does not come back" on_device d
wg set wga peer "${public[d]}" allowed-ips 10.77.0.4/32
check "a reload without a save" "$RINGWIRE" reload wga
says "names the peer that goes" "^ringwire: warning: .*peer ${public[d]//+/\\+} was added while the device ran"
check_fails "and it is gone" on_device d
cp "$conf" "$work/good.conf"
printf '\n[Peer]\nPublicKey = %s\n' "${public[d]}" >>"$conf"
check "save beside a peer that only the file has" "$RINGWIRE" save wga
says "names it" "^ringwire: warning: peer ${public[d]//+/\\+} is in the file since"
check "and keeps it" in_conf d
cp "$work/good.conf" "$conf"

say "down"
wg set wga peer "${public[b]}" persistent-keepalive 7
check "down" down
check_equal "PreDown had its say" "10.77.0.3/32, 10.99.0.0/16" \
  "$(sed -n "/${public[c]//\//.}/,\$ s/^AllowedIPs = //p" "$conf" | tail -n 1)"
check "the keepalive is there" grep -qx 'PersistentKeepalive = 7' "$conf"
check "comments are" grep -qx '# a gateway' "$conf"
check "the other keys are" grep -qx 'MTU = 1380' "$conf"
check "the link to it still is one" test -L "$work/link/wga.conf"
check "up with what was saved" up
check_equal "gives the same device" "$(in_file)" "$(shown)"
check "b is reached" pings a 10.77.0.2

say "a save that fails"
wg set wga peer "${public[c]}" remove
cp "$conf" "$work/good.conf"
echo 'Nonsense' >>"$conf"
check_fails "a file with errors is not replaced" "$RINGWIRE" save wga
says "and it is said where" "^ringwire: save wga: .*wga\.conf:[0-9]+:1: "
check_fails "down goes on all the same" down
says "and says it" "^ringwire: take wga down: save to .*wga\.conf:[0-9]+:1: "
check "the interface is gone" no_interface a wga
check_equal "the file is as it was" Nonsense "$(tail -n 1 "$conf")"
mv "$work/good.conf" "$conf"
check_fails "nothing can be saved of what is not up" "$RINGWIRE" save wga
configuration "PostDown = umount '$etc'"
check "up" up
mount --bind "$etc" "$etc" && mount -o remount,ro,bind "$etc"
wg set wga listen-port 51111
check_fails "a folder that is read-only" down
says "is said as well" 'Read-only file system \(is its folder writable'
check "and the rest was undone" no_interface a wga

say "a key that is changed while its file stays"
configuration
(umask 077 && echo "${private[a]}" >"$etc/a.key")
sed -i "s,^PrivateKey=.*,PrivateKeyFile = a.key," "$conf"  # next to it
check "up" up
wg set wga private-key <(echo "${private[c]}")
check "save" "$RINGWIRE" save wga
says "warns" "^ringwire: warning: the private key in force is not the one in a.key"
check_equal "the file names it still" "PrivateKeyFile = a.key" "$(grep -i private "$conf")"
if grep -qF "${private[c]}" "$conf"; then fail "and has the key itself now"; fi

check "down" down
say "a key that PostUp has set"
configuration "PostUp = wg set %i private-key '$etc/a.key'"
sed -i -e "/^PrivateKey=/d" -e "s,^Endpoint.*,Endpoint = 192.0.2.2:40001," "$conf"
check "up" up
check "reload of the same file" "$RINGWIRE" reload wga
check_equal "leaves the key" "${public[a]}" "$(wg show wga public-key)"
check "b is reached" pings a 10.77.0.2

say "reload answers"
sed -i -e 's/^MTU.*/MTU = 99/' -e 's/^AllowedIPs = .*/AllowedIPs = 10.0.0.0\/33/' "$conf"
sed -i -e 's/^MTU.*/MTU = 99999/' "$conf"
check_fails "a file with errors" "$RINGWIRE" reload wga
check_equal "all of them with their place" 2 "$(grep -Ec "^$conf:[0-9]+:[0-9]+: " "$work/check.out")"
says "and that nothing was done" '^ringwire: reload wga: .*\(the device runs on as it was\)'
sed -i -e 's/^MTU.*/MTU = 1300\nWorkers = 1/' -e 's/^AllowedIPs = .*/AllowedIPs = 10.77.0.2\/32/' "$conf"
check "a good one, by the file's name" "$RINGWIRE" reload "$conf"
check_equal "is in force when it returns" 1300 "$(ip -n a -o link show wga | sed 's/.*mtu \([0-9]*\).*/\1/')"
says "and its warnings are said" '^ringwire: warning: .*Workers.* take effect at the next start'
printf '[Gateway]\nNamespace = other\n' >>"$conf"
check_fails "what it cannot do" "$RINGWIRE" reload wga
says "has a reason and a fix" '^ringwire: reload wga: .*needs a restart'
sed -i -e '/^\[Gateway\]$/,$d' -e 's/^MTU.*/MTU = 1299/' "$conf"
for round in 1 2 3 4 5 6 7 8; do
  asked=()
  sed -i "s/^MTU.*/MTU = $((1290 + round))/" "$conf"
  for _ in 1 2 3 4 5 6 7 8; do "$RINGWIRE" reload wga 2>>"$work/reloads.log" & asked+=($!); done
  for pid in "${asked[@]}"; do wait "$pid" || fail "one of many reloads at a time has no answer"; done
done
echo "ok: many reloads at a time are all answered"
kill -KILL "$(service)"
wait_until 10 "the interface goes" no_interface a wga
check_fails "a reload of what is not up" "$RINGWIRE" reload wga
says "says so" '^ringwire: cannot reload wga: it is not up'
cp "$conf" "$work/good.conf"
down >/dev/null 2>&1 || true  # PreDown misses its interface
check "what was killed saves nothing" cmp "$work/good.conf" "$conf"
start a wgq
check_fails "a device without a file" "$RINGWIRE" save wgq
says "says so" '^ringwire: save wgq: this device has no configuration file'
