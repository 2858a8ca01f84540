#!/usr/bin/env bash
# A relay process under an attacker's control sends arbitrary messages to its supervisor, which keeps all rights. The
# supervisor still serves its operator, and the relay gains nothing.
#
#   a ------ b: nobody answers
source "$(dirname "$0")/lib.sh"

cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc
rm -f /etc/resolv.conf && echo 'nameserver 192.0.2.53' >/etc/resolv.conf
two_bare_hosts
conf=$work/wga.conf
write() {  # write ENDPOINT [LINE of [Interface]...]
  local endpoint=$1
  shift
  (umask 077 && printf '%s\n' '[Interface]' "PrivateKey = ${private[a]}" 'Address = 10.77.0.1/24' "$@" \
    '[Peer]' "PublicKey = ${public[b]}" "Endpoint = $endpoint" 'AllowedIPs = 10.77.0.2/32' >"$conf")
}
supervisor() { pgrep -of "ringwire (up|run) .*wga.conf"; }
# The command that waits, as long as it does, the supervisor, and the relay; the resolver has another name.
processes() {
  local pid
  pid=$(supervisor) && echo "$pid"
  while pid=$(pgrep -P "$pid" -x ringwire); do echo "$pid"; done
}
relay() { processes | tail -n 1; }
forge() { "$RINGWIRE_PYTHON" "$e2e_dir/tools/forge_relay.py" "$@"; }
says() { grep -Eq -- "$2" "$work/check.out" || { cat "$work/check.out" >&2; fail "$1"; }; echo "ok: $1"; }
up() { on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$conf"; }

say "a relay that names another interface as the tunnel's"
write nowhere.invalid:51820  # the supervisor waits for the name, and the relay for the supervisor
snapshot() { ip -n a address show dev eth0; ip -n a route show table all; }
snapshot >"$work/before"
up >"$work/up.log" 2>&1 &
front=$!
all_there() { [ "$(processes | wc -l)" = 3 ]; }
wait_until 20 "the relay is there" all_there
index=$(ip -n a -o link show eth0 | cut -d: -f1)
body=$("$RINGWIRE_PYTHON" -c "import struct, sys; print(struct.pack('=I', int(sys.argv[1])))" "$index")
check "it says that eth0 is the tunnel" forge "$(relay)" await Start send Started "$body"
check_fails "up fails" wait $front
check "and says why" grep -q 'cannot start the relay process: it did not make the interface wga' "$work/up.log"
snapshot >"$work/after"
check "eth0 is as it was" diff "$work/before" "$work/after"

say "a relay that never stops talking"
write 192.0.2.2:51820
check "up" up
forge "$(relay)" await GivePeers flood Unanswered >"$work/forge.log" 2>&1 &
wait_until 10 "it is taken over" grep -q speaking "$work/forge.log"
write 192.0.2.2:51820 'MTU = 1300'
kill -HUP "$(supervisor)"
wait_until 20 "it is asked something, and talks" grep -q flooding "$work/forge.log"
check "down ends it all the same" on a timeout 60 "$RINGWIRE" down wga
check "the interface is gone" no_interface a wga

say "the relay's own socket changes nothing"
cp "$conf" "$work/loaded.conf"
check "up" up
wg set wga peer "$(wg pubkey <<<"$(wg genkey)")" allowed-ips 10.99.0.0/16
ask() { socat -t 5 - "UNIX-CONNECT:/run/ringwire/wga.sock" <<<"$1"; }
for request in reload save "forget ${public[b]}"; do
  check "$request is refused there" output_has '"error"' ask "$request"
done
check "it answers questions" output_has '"interface"' ask status
check_equal "the other one is root's" "600 0" "$(stat -c '%a %u' /run/ringwire/wga.admin.sock)"
check_fails "nobody else connects to it" setpriv --reuid=65534 --regid=65534 --clear-groups "$RINGWIRE" save wga
says "and is told who may" 'permission denied; run as root'
check "the file is as it was" cmp "$work/loaded.conf" "$conf"

say "a relay that forges its state"
state() {  # state LINE...: of a device, as a literal of Python
  "$RINGWIRE_PYTHON" -c 'import sys; print(repr("\n".join(sys.argv[1:]).encode() + b"\n"))' '[Interface]' "$@"
}
peer=('' '[Peer]' "PublicKey = ${public[a]}" 'AllowedIPs = 0.0.0.0/0')
forged() {  # forged WHAT LINE...: root saves, and the relay says that the device is so
  rm "$work/forge.log"
  forge "$(relay)" await GiveState send State "$(state "${@:2}")" >"$work/forge.log" 2>&1 &
  local forger=$!
  wait_until 10 "the relay is taken over" grep -q speaking "$work/forge.log"
  check_fails "$1 is not saved" on a timeout 60 "$RINGWIRE" save wga
  says "and it is said" "^ringwire: save wga: .*the device's state"
  wait $forger
  check "the file is as it was" cmp "$work/loaded.conf" "$conf"
}
forged "an endpoint that is a name" "PrivateKey = ${private[a]}" "${peer[@]}" 'Endpoint = evil.example:443'
forged "a hook" "PrivateKey = ${private[a]}" 'PostUp = touch /run/owned' "${peer[@]}"
check "down" on a timeout 60 "$RINGWIRE" down wga
