#!/usr/bin/env bash
# What is left of root in the process that parses what the network sends: nothing. And that is enough for what an
# operator may ask of it later.
#
#   a (one host)
source "$(dirname "$0")/lib.sh"

host a
write_config() {
  cat >"$work/wga.conf" <<TEXT
[Interface]
PrivateKey = $(wg genkey)
ListenPort = 51820
Address = 10.77.0.1/24
TEXT
}
write_config
# serve [COMMAND...]: `ringwire run`, by way of that command.
serve() {
  spawn a "$@" "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wga.conf" >>"$work/wga.log" 2>&1 &
  daemon_pid[wga]=$! daemon_host[wga]=a
  wait_until 20 "wga is up" output_has '10\.77\.0\.1' ip -n a address show dev wga up
  wait_until 10 "wg speaks to it" wg show wga
  relay=$(relay_of "${daemon_pid[wga]}")
}
relay_of() {  # the child with the workers
  local child
  for child in $(pgrep -x ringwire -P "$1"); do
    if grep -q '^rw-worker' /proc/"$child"/task/*/comm; then echo "$child"; fi
  done
}
# field NAME: what /proc says of every thread, once if it is the same.
field() { cat /proc/"$relay"/task/*/status | awk -v name="$1:" '$1 == name { $1 = ""; print substr($0, 2) }' | sort -u; }
none=0000000000000000
no_capability() {
  local set
  for set in CapInh CapPrm CapEff CapBnd CapAmb; do check_equal "$set of every thread" $none "$(field $set)"; done
}
walls() {
  check_equal "no thread can gain any" 1 "$(field NoNewPrivs)"
  check_equal "every thread is filtered" 2 "$(field Seccomp)"
}
refused() { status wga "status['sandbox']['refused_calls']"; }

serve
no_capability
walls
user=$(field Uid)
check_equal "every thread has one user, and no way back" 1 "$(tr ' \t' '\n' <<<"$user" | sort -u | wc -l)"
check "which is not root" test "${user%% *}" -ge 1
check_equal "and no group but its own" "" "$(field Groups)"
check "it never dumps its memory" grep -Eq '^Max core file size +0 +0' "/proc/$relay/limits"
tasks() { find "/proc/$relay/task" -mindepth 1 -maxdepth 1 | wc -l; }
check "nor makes a task more" grep -Eq "^Max processes +$(tasks) +$(tasks) " "/proc/$relay/limits"
check_equal "no wall is missing" "[]" "$(status wga "status['sandbox']['missing']")"

say "what an operator asks for later"
check "a firewall mark" wg set wga fwmark 7
check_equal "it is there" 0x7 "$(wg show wga fwmark)"
check "a low port" wg set wga listen-port 500
check_equal "its port" 500 "$(wg show wga listen-port)"
port_is_open() { output_has ":$1\\b" on a ss -Huln; }
check "somebody listens there" port_is_open 500
check_fails "a port that is taken" on a "$RINGWIRE_PYTHON" -c 'import socket, subprocess, sys
taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
taken.bind(("", 5555))
sys.exit(subprocess.call(["wg", "set", "wga", "listen-port", "5555"]))'
check_equal "changes nothing" 500 "$(wg show wga listen-port)"
check "an endpoint with the name of an interface" wg set wga peer "$(wg genkey | wg pubkey)" endpoint '[fe80::1%lo]:7'
sed -i 's,^Address.*,Address = 10.77.0.1/24\, 10.78.0.1/24\nMTU = 1300,' "$work/wga.conf"
kill -HUP "${daemon_pid[wga]}"
wait_until 5 "addresses of a file that is read again" output_has '10\.78\.0\.1/24' ip -n a address show dev wga
check "the one that was there stays" output_has '10\.77\.0\.1/24' ip -n a address show dev wga
sed -i 's,^Address.*,Address = 10.78.0.1/24,' "$work/wga.conf"
kill -HUP "${daemon_pid[wga]}"
no_address() { ! ip -n a address show dev wga | grep -F "$1" >/dev/null; }
wait_until 5 "one is removed" no_address 10.77.0.1
echo "ok: addresses come and go with the file"
wait_until 5 "the port is the file's again" prints 51820 wg show wga listen-port

say "files that belong to somebody else"
# The relay may not read them, and does not have to: the supervisor reads.
(umask 077 && wg genkey >"$work/key")
chown nobody "$work/key"
sed -i "s,^PrivateKey.*,PrivateKeyFile = $work/key," "$work/wga.conf"
chown nobody "$work/wga.conf"
kill -HUP "${daemon_pid[wga]}"
wait_until 5 "a reload reads them" prints "$(wg pubkey <"$work/key")" wg show wga public-key
check_equal "the relay is the same one" "$relay" "$(relay_of "${daemon_pid[wga]}")"
no_capability
key=$(wg show wga public-key)
echo nonsense >"$work/key"
kill -HUP "${daemon_pid[wga]}"
wait_until 5 "what is no key is refused" grep -q "$work/key holds no key" "$work/wga.log"
check_equal "the old key stays" "$key" "$(wg show wga public-key)"
check_equal "nothing of all that needed a call that is refused" 0 "$(refused)"

say "whoever takes it over"
inside() { "$RINGWIRE_PYTHON" "$e2e_dir/tools/call_inside.py" "$relay" "$@"; }
if [ "$(uname -m)" = x86_64 ]; then
  check_equal "may ask who it is" "${user%% *}" "$(inside getuid)"
  at=-100  # AT_FDCWD
  refuses() { local what=$1; shift; check_equal "$what" EPERM "$(inside "$@")"; }
  refuses "may not read the configuration" openat $at "$work/wga.conf" 0 0
  refuses "nor the passwords" openat $at /etc/shadow 0 0
  refuses "nor make a file" openat $at "$work/made" 0x41 384
  refuses "nor remove one" unlink /run/ringwire/wga.journal
  refuses "nor open a socket" socket 2 2 0
  refuses "nor connect one" connect 0 /run/systemd/private 110
  refuses "nor bind one" bind 0 somewhere 16
  refuses "nor signal the supervisor" kill "${daemon_pid[wga]}" 0
  refuses "nor fork" fork
  refuses "nor become root again" setuid 0
  refuses "nor make a namespace" unshare 0x10000000
  refuses "nor allow itself anything" prctl 22 0
  refuses "nor make memory executable" mprotect 4096 4096 5
  check_equal "every try was counted" 13 "$(refused)"
  check "and is shown" output_has 'refused system calls.*13' "$RINGWIRE" show wga
  wg show wga >/dev/null
  for call in execve ptrace bpf io_uring_setup userfaultfd; do
    case $call in
      execve) arguments=(/bin/sh 0 0) ;;
      ptrace) arguments=(16 "${daemon_pid[wga]}" 0 0) ;;
      *) arguments=(0 0 0) ;;
    esac
    check_equal "$call ends it" "ended by SIGSYS" "$(inside $call "${arguments[@]}")"
    status=0
    wait "${daemon_pid[wga]}" || status=$?
    check_equal "and the service fails" 1 "$status"
    check "which undoes everything" no_interface a wga
    check "files as well" test ! -e /run/wireguard/wga.sock -a ! -e /run/ringwire/wga.sock
    write_config
    serve
  done
fi
stop wga

say "an account of its own, where there is one"
cp /etc/passwd "$work/passwd" && cp /etc/group "$work/group"
echo 'ringwire-relay:x:4711:4712::/:/usr/sbin/nologin' >>"$work/passwd"
mount --bind "$work/passwd" /etc/passwd
serve
check_equal "its user" "4711" "$(field Uid | cut -d' ' -f1)"
check_equal "its group" "4712" "$(field Gid | cut -d' ' -f1)"
check "its timestamps are root's files" test "$(stat -c '%u %a' /var/lib/ringwire/wga.stamps.2)" = '0 600'
umount /etc/passwd
stop wga

say "with what the unit's strict.conf leaves"
strict=$(sed -n 's/^CapabilityBoundingSet=//p' "$e2e_dir/../../deploy/systemd/drop-ins/strict.conf" | tr 'A-Z ' 'a-z\n' | sed -n 's/^cap_/+/p')
check "which has what it takes" test "$(grep -cxE '\+(setuid|setgid|kill)' <<<"$strict")" = 3
# bounded [CAPABILITY...]: served with strict.conf's set, but without these.
bounded() {
  local set=$strict one
  for one in "$@"; do set=$(grep -vx "+$one" <<<"$set"); done
  serve setpriv --no-new-privs "--bounding-set=-all,$(paste -sd, <<<"$set")"
}
bounded
no_capability
walls
check "it is not root" test "$(field Uid | cut -d' ' -f1)" -ge 1
stop wga
check_fails "nobody is left" kill -0 "$relay"
bounded
kill -STOP "$relay"  # a relay that does not listen is ended by force
stop wga
check_fails "nobody is left" kill -0 "$relay"

say "where the supervisor may not signal it"
bounded kill
stop wga
check_fails "it ends by itself" kill -0 "$relay"
bounded kill
kill_hard wga
wait_until 5 "also when the supervisor is killed" gone "$relay"
rm -f /run/wireguard/wga.sock

say "where the container gives nobody another user"
bounded setuid setgid
check_equal "the user stays" 0 "$(field Uid | cut -d' ' -f1)"
no_capability
walls
check "one line says so" grep -q 'wga: still runs as user 0, though without a capability: .*CAP_SETUID' "$work/wga.log"
check "and show" output_has 'sandbox.*still runs as user 0' "$RINGWIRE" show wga
[ "$(uname -m)" != x86_64 ] || check_equal "files are out of reach all the same" EPERM "$(inside openat -100 /etc/shadow 0 0)"
