#!/usr/bin/env bash
# A signal ends `up` in every wait, also during a hook that never ends, and nothing is left. The output of hooks. A
# configuration named by a symbolic link, which names the interface.
#
#   a d0 192.0.2.1 ------ b: nobody answers (and at first there is no link)
source "$(dirname "$0")/lib.sh"

host a
new_key a b
mkdir "$work/folder"
write() {  # write LINES of [Interface]
  (umask 077 && printf '[Interface]\nPrivateKey = %s\nAddress = 10.77.0.1/24\n%s\n[Peer]\nPublicKey = %s\nAllowedIPs = 0.0.0.0/0\nEndpoint = 192.0.2.9:51820\n' \
    "${private[a]}" "$1" "${public[b]}" >"$work/folder/wga.conf")
}
snapshot() { on a sh -c 'ip -br link; ip rule; ip route show table all; nft list ruleset'; find /run/ringwire -type f ! -name '*.log*' 2>/dev/null || true; }
snapshot >"$work/before"
runs_hook() { pgrep -f "sleep 4711" >/dev/null; }
no_hook() { ! runs_hook; }
says() {  # says WHAT TEXT: what was checked last has printed it
  grep -qF -- "$2" "$work/check.out" || { cat "$work/check.out" >&2; fail "$1"; }
  echo "ok: $1"
}

interrupted() {  # interrupted HOOK SIGNAL
  write "$1 = sleep 4711"
  on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf" 2>"$work/up.log" &
  local front=$!
  wait_until 10 "$1 runs" runs_hook
  kill "-$2" "$(pgrep -of "ringwire up .*wga.conf")"
  local status=0
  wait $front || status=$?
  check_equal "$2 in $1: up fails" 1 $status
  check "and says why" grep -q 'interrupted by a signal' "$work/up.log"
  check "the hook has ended" no_hook
  snapshot >"$work/after"
  diff "$work/before" "$work/after" || fail "something is left"
}
interrupted PreUp TERM
interrupted PostUp INT
echo "ok: nothing is left"

say "a hook that never ends, and down"
write "PostUp = sleep 4711"
on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf" 2>"$work/up.log" &
front=$!
wait_until 10 "the hook runs" runs_hook
check "down ends it" on a "$RINGWIRE" down wga
check_fails "and up with it" wait $front
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "something is left"

say "what hooks print, and how they fail"
write 'PreUp = echo from PreUp
PostUp = echo from PostUp >&2
PreDown = echo the first PreDown
PreDown = echo from PreDown; exit 3
PostDown = echo from PostDown >&2; kill -KILL $$
PostDown = echo the last PostDown'
printed() {  # printed WHAT WANTED FILE...
  check_equal "$1" "$2" "$(cat "${@:3}" | grep -Ev "^[0-9T:.-]+ (info|warning) " | xargs)"
}
on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf" >"$work/out.log" 2>"$work/up.log" </dev/null
printed "up shows it" "from PreUp from PostUp" "$work/out.log" "$work/up.log"
status=0
on a "$RINGWIRE" down wga >"$work/out.log" 2>"$work/down.log" || status=$?
check_equal "down fails where a hook does" 1 $status
printed "and shows it all" "the first PreDown from PreDown the last PostDown" "$work/out.log"
printed "with the errors in their order" "ringwire: take wga down: run PreDown = echo from PreDown; exit 3: it ended with exit code 3 from PostDown \
ringwire: take wga down: run PostDown = echo from PostDown >&2; kill -KILL \$\$: it was ended by signal 9" "$work/down.log"
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "something is left"
echo "ok: everything is undone all the same"

say "what hooks ask for"
write "SaveConfig = true
PostUp = '$RINGWIRE' show %i >'$work/asked'; wg show %i >>'$work/asked'; wg set %i listen-port 51900; '$RINGWIRE' save %i
PostUp = timeout $patience '$RINGWIRE' reload %i || true
PreDown = '$RINGWIRE' show %i >>'$work/asked'; wg set %i listen-port 51901; timeout $patience '$RINGWIRE' save %i
PreDown = grep -q '^ListenPort = 51901$' '$work/folder/wga.conf'; timeout $patience '$RINGWIRE' reload %i || true"
on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf" 2>"$work/up.log"
check "a reload in a PostUp is refused at once" grep -q 'reload wga: a hook is running' "$work/up.log"
check "a PostUp can save" grep -q '^ListenPort = 51900$' "$work/folder/wga.conf"
on a "$RINGWIRE" down wga 2>"$work/down.log" || fail "a PreDown can not save"
check "neither is one in a PreDown served" grep -q 'reload wga: a hook is running' "$work/down.log"
check_equal "all three were shown the interface" 3 "$(grep -c '^interface: wga' "$work/asked")"

say "an interface of that name that is somebody else's"
taken() {  # taken WHAT PATTERN: up is refused, no hook is run, and nothing is changed
  snapshot >"$work/before_up"
  check_fails "$1" on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf"
  output_has "^ringwire: start wga: .*$2" cat "$work/check.out" || fail "$1: the error does not say $2"
  check_fails "no hook was run" test -e "$work/ran"
  snapshot >"$work/after"
  diff "$work/before_up" "$work/after" || fail "something was changed"
}
hooks="PreUp = touch '$work/ran'
PostDown = touch '$work/ran'"
write "$hooks"
ip -n a link add wga type veth peer name other_end
taken "a link" 'a link of type veth, .*`ip link delete wga` removes it'
write "$hooks
[Gateway]
KillSwitch = on
[Interface]"
taken "a link, with a kill switch" 'a link of type veth'
ip -n a link delete wga
write "$hooks"
start a wga
taken "a WireGuard program" 'serves /var/run/wireguard/wga.sock, .*`wg-quick down wga`'
stop wga
ip netns add other
ip -n other link add wga type veth peer name other_end
write "$hooks
[Gateway]
Namespace = other
[Interface]"
taken "a link in the Namespace" '`ip netns exec other ip link delete wga` removes it'
ip netns delete other
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "something is left"

say "without the files of /run"
write ""
check "up" on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf"
check "down for who does not see them" unshare --mount sh -c 'mount -t tmpfs -o ro tmpfs /run/ringwire && exec "$@"' - \
  nsenter --net=/run/netns/a "$RINGWIRE" down wga
check_equal "has ended the service" '' "$(pgrep -f 'ringwire up .*wga.conf' || true)"
check "up" on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf"
rm -r /run/ringwire
check "down when they are gone" on a "$RINGWIRE" down wga
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "something is left"
write $'[Gateway]\nKillSwitch = on\n[Interface]'
source_mark=$(on a cat /proc/sys/net/ipv4/conf/all/src_valid_mark)
check "up" on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf"
pkill -KILL -f "ringwire up .*wga.conf"
wait_until 10 "the interface goes" no_interface a wga
mount --bind /run/ringwire /run/ringwire && mount -o remount,ro,bind /run/ringwire
check_fails "down, when there is no writing" on a "$RINGWIRE" down wga
says "and says what it cannot remove" 'remove /run/ringwire/wga.journal: it is read-only'
umount /run/ringwire
snapshot | grep -v '^/run' >"$work/after"
diff <(grep -v '^/run' "$work/before") "$work/after" || fail "something is left"
check "down, when there is" on a "$RINGWIRE" down wga
check "up" on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf"
pkill -KILL -f "ringwire up .*wga.conf"
wait_until 10 "the interface goes" no_interface a wga
rm -r /run/ringwire
on a ip tuntap add mode tun name wga
check_fails "down without service and journal" on a "$RINGWIRE" down wga
says "and says what is there" 'cannot take wga down: it has no service and no journal'
sed -n 's/^  //p' "$work/check.out" >"$work/remove.sh"
cat "$work/remove.sh"
check "and what removes it" on a sh -ex "$work/remove.sh"
on a sysctl -qw "net.ipv4.conf.all.src_valid_mark=$source_mark"
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "something is left"
check_fails "after that, there is nothing to undo" on a "$RINGWIRE" down wga
says "and it says so" 'cannot take wga down: it is not up'
echo "ok: nothing is left"

say "a link to the configuration"
write ""
ln -s folder/wga.conf "$work/office.conf"
check "up" on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/office.conf"
check "the link names the interface" ip -n a link show office
check "down by the same path" on a "$RINGWIRE" down "$work/office.conf"
snapshot >"$work/after"
diff "$work/before" "$work/after" || fail "something is left"
echo "ok: nothing is left"

say "after a crash, while a name is looked up that nobody answers"
host b
link a d0 b eth0
address a d0 192.0.2.1/24
ip -n a neigh add 192.0.2.99 lladdr 02:00:00:00:00:99 dev d0
echo 'nameserver 192.0.2.99' >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
on a nft 'add table inet seen; add counter inet seen asked; add chain inet seen out { type filter hook output priority 0; }
  add rule inet seen out udp dport 53 counter name asked'
asks() { [ "$(on a nft -j list counter inet seen asked | sed 's/.*"packets": *\([0-9]*\).*/\1/')" -gt 0 ]; }
closed() { ip -n a rule | grep 'not from all fwmark' >/dev/null; }
snapshot >"$work/before"
write ""
on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf"
pkill -KILL -f "ringwire up .*wga.conf"
wait_until 10 "the interface goes" no_interface a wga
check "the way stays closed" closed
echo 'Endpoint = nobody.example.test:51820' >>"$work/folder/wga.conf"
on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf" 2>"$work/up.log" &
front=$!
wait_until 10 "it asks for the name" asks
kill -TERM "$(pgrep -of "ringwire up .*wga.conf")"
check_fails "up fails" wait $front
check "and leaves the way closed" closed
check "until down" on a "$RINGWIRE" down wga
snapshot | sed 's/packets [0-9]* bytes [0-9]*//' >"$work/after"
diff <(sed 's/packets [0-9]* bytes [0-9]*//' "$work/before") "$work/after" || fail "something is left"

say "down in another network namespace"
snapshot | sed 's/packets [0-9]* bytes [0-9]*//' >"$work/before"
write ""
crash() {  # crash HOST
  on "$1" "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf"
  pkill -KILL -f "ringwire up .*wga.conf"
  wait_until 10 "the interface goes" no_interface "$1" wga
}
crash a
for command in "down wga" "up $work/folder/wga.conf"; do
  # shellcheck disable=SC2086  # words
  check_fails "after a crash there is no $command elsewhere" on b "$RINGWIRE" $command
  # shellcheck disable=SC2016  # the text itself
  says "and it says where" '(`ip netns exec a ringwire down wga` undoes it)'
done
check "nothing was touched" closed
check "but where it was" on a "$RINGWIRE" down wga
snapshot | sed 's/packets [0-9]* bytes [0-9]*//' >"$work/after"
diff "$work/before" "$work/after" || fail "something is left"
host c
crash c
ip netns delete c
check_fails "nobody undoes what is in one that is out of sight" on a "$RINGWIRE" down wga
says "and it is said" 'gone for good, delete /run/ringwire/wga.journal'
check "but that is no obstacle for another up" on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf"
check "and down" on a "$RINGWIRE" down wga
check "where it is, whoever asks" on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf"
check "for it" on b "$RINGWIRE" down wga
rm -f /run/ringwire/sysctls  # it names those of the namespace that has gone, until one is held again
snapshot | sed 's/packets [0-9]* bytes [0-9]*//' >"$work/after"
diff "$work/before" "$work/after" || fail "something is left"
echo "ok: nothing is left"

say "IPv6 that is switched off"
settings=/proc/sys/net/ipv6/conf
sed -i -e '/^Endpoint/d' -e 's/^AllowedIPs.*/AllowedIPs = 0.0.0.0\/0, ::\/0/' "$work/folder/wga.conf"
on a sh -c "echo 1 >$settings/default/disable_ipv6 && echo 0 >$settings/d0/disable_ipv6"
check_fails "up fails where an interface has it all the same" on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf"
check "and names the setting" output_has 'IPv6 is off on this interface.*disable_ipv6' on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf"
on a sh -c "echo 1 >$settings/all/disable_ipv6"
check "and works without where none has it" on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/folder/wga.conf"
check "down" on a "$RINGWIRE" down wga
