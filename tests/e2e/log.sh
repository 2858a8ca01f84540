#!/usr/bin/env bash
# The log of a service in the background: all that it, its relay and its hooks print goes to /run/ringwire/NAME.log,
# which `ringwire log` shows, also after the end, and to the host's log. Nobody who waits for the end of what `up`
# prints (ssh, Ansible, a command substitution) waits for the service, whatever it was told to log.
#
#   a: no peer answers
source "$(dirname "$0")/lib.sh"

host a
new_key a b
conf=$work/wga.conf
write() {  # write LINES of [Interface]
  (umask 077 && printf '[Interface]\nPrivateKey = %s\nAddress = 10.77.0.1/24\nListenPort = 51820\n%s\n[Peer]\nPublicKey = %s\nAllowedIPs = 10.77.0.2/32\n' \
    "${private[a]}" "$1" "${public[b]}" >"$conf")
}
log() { "$RINGWIRE" log wga; }
log_has() { output_has "$1" log; }
log_writer() { pgrep -x rw-log; }

say "nobody waits for it"
write 'PostUp = echo from-a-hook; echo an-error >&2; sleep 4711 & :
PreDown = echo going-down'
for level in silent debug; do
  # A reader of all the descriptors that a caller may have handed on.
  mkfifo "$work/everything"
  cat "$work/everything" >"$work/said.$level" &
  reader=$!
  on a timeout "$patience" bash -c '"$@" 3>&1 7>&2 && echo the-command-returned' - \
    "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "--log-level=$level" "$conf" >"$work/everything" 2>&1 || fail "up --log-level=$level"
  wait_until 10 "the reader sees the end after up --log-level=$level" gone "$reader"
  echo "ok: up --log-level=$level lets go of everything"
  check "it has returned before" grep -q the-command-returned "$work/said.$level"
  check "what a hook prints is seen" grep -q from-a-hook "$work/said.$level"
  check "its errors as well" grep -q an-error "$work/said.$level"
  rm "$work/everything"
  check_equal "show works" 51820 "$(wg show wga listen-port)"
  [ "$level" = silent ] || break
  check "down" on a "$RINGWIRE" down wga
  pkill -f 'sleep 4711'
done
check_equal "captured in a variable it returns, too" refused \
  "$(x=$(on a timeout "$patience" "$RINGWIRE" up "$conf" 2>&1) && echo "taken: $x" || echo refused)"

say "the log"
wait_until 10 "it has the start" log_has 'info wga is ready: UDP port 51820'
check "what a hook printed" log_has '^from-a-hook$'
check "and its errors" log_has '^an-error$'
check "and why a second up was refused" log_has '^ringwire: .*wga'
check_equal "its rights" "640 0" "$(stat -c '%a %u' /run/ringwire/wga.log)"
check_equal "those of the older lines" "640 0" "$(stat -c '%a %u' /run/ringwire/wga.log.1)"
check "a reload" on a "$RINGWIRE" reload wga
wait_until 5 "the reload is logged" log_has 'wga\.conf was reloaded'
echo "ok: the reload is logged"
check "the file or its path name it as well" output_has 'was reloaded' "$RINGWIRE" log "$conf"
check_fails "no other interface has one" "$RINGWIRE" log wgz
check "and the error says what writes one" output_has 'cannot show the log of wgz: .*ringwire up' "$RINGWIRE" log wgz

say "the process that writes it"
writer=$(log_writer)
# shellcheck disable=SC2046  # words
set -- $(awk '/^(Uid|Gid|CapEff|CapPrm|CapBnd|NoNewPrivs|Seccomp):/ { print $2 }' "/proc/$writer/status")
[ "$1" != 0 ] && [ "$2" != 0 ] || fail "the writer is root"
check_equal "it has no capability and its calls are filtered" "0000000000000000 0000000000000000 0000000000000000 1 2" "$3 $4 $5 $6 $7"
check_fails "it holds nothing of the caller's" test -e "/proc/$writer/fd/0" -a "$(readlink "/proc/$writer/fd/0")" != /dev/null

say "two files of at most 1 MiB"
line=$(head -c 4000 /dev/zero | tr '\0' x)
service=$(pgrep -of 'ringwire up .*/wga.conf')
for ((i = 0; i < 700; ++i)); do echo "$i $line"; done >"/proc/$service/fd/2"
wait_until 10 "the last line is written" log_has '^699 x'
for file in wga.log wga.log.1; do
  (($(stat -c %s "/run/ringwire/$file") <= 1 << 20)) || fail "$file is larger than 1 MiB"
done
check_equal "the log has no gap" "" "$(log | awk '$2 ~ /^x/ { if (seen && $1 != last + 1) print "gap at", $1; last = $1; seen = 1 }')"
(($(log | grep -c '^[0-9]* x') > 250)) || fail "the older lines are lost"
echo "ok: two files of at most 1 MiB, without a gap"

say "after the end"
printf '\033[31mred\033[0m\n' >"/proc/$service/fd/2"
check "down" on a "$RINGWIRE" down wga
check "the log is there" log_has 'stopping on a signal'
check "what a terminal would obey is not" log_has '^\?\[31mred\?\[0m$'
check "the hook's process keeps its pipe" pgrep -f 'sleep 4711'
pkill -f 'sleep 4711'
wait_until 10 "the writer ends with the last who can print" gone "$writer"
echo "ok: the writer ends with the last who can print"

say "a start that fails"
write 'PreUp = echo before; exit 3'
check_fails "up" on a timeout "$patience" "$RINGWIRE" up "$conf"
check_equal "its error is printed once" 1 "$(grep -c 'exit code 3' "$work/check.out")"
check "and logged" log_has '^ringwire: .*exit code 3'

say "killed"
write ''
check "up" on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$conf"
writer=$(log_writer)
kill -KILL "$(pgrep -of 'ringwire up .*/wga.conf')"
wait_until 10 "the writer ends with the service" gone "$writer"
check "the log is there" log_has 'wga is ready'
check "down" on a "$RINGWIRE" down wga

say "the drop-in"
check "ringwire wga returns" bash -c "x=\$(LOG_LEVEL=debug timeout $patience nsenter --net=/run/netns/a -- $RINGWIRE --io=$RINGWIRE_E2E_IO wga 2>&1)"
check "it has the log, too" log_has 'wga is ready: .* 0 peers'
ip -n a link delete wga
wait_until 10 "its processes end" prints "" log_writer

say "the host's log"
mkdir -p /run/systemd/journal
spawn a socat -u UNIX-RECV:/run/systemd/journal/socket "OPEN:$work/journal,creat,append" 2>>"$work/socat.log" &
journal=$!
wait_until 10 "the receiver" test -S /run/systemd/journal/socket
chmod 666 /run/systemd/journal/socket
check "up" on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$conf"
service=$(pgrep -of 'ringwire up .*/wga.conf')
wait_until 10 "the journal has its lines" grep -q '^MESSAGE=info wga is ready' "$work/journal"
echo "ok: the journal has its lines"
for field in PRIORITY=6 SYSLOG_IDENTIFIER=ringwire "SYSLOG_PID=$service" RINGWIRE_INTERFACE=wga; do
  check "$field" grep -qx "$field" "$work/journal"
done
check "down" on a "$RINGWIRE" down wga
kill "$journal"

say "hooks that fail at the end"
write 'PreDown = echo first-hook; false
PostDown = echo last-hook; exit 3'
on a "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$conf"
check_fails "down says so" on a "$RINGWIRE" down wga
failed() { "$RINGWIRE" log wga | grep -c "run $1 = echo .*it ended with exit code"; }
check_equal "each is in the log once" "1 1" "$(failed PreDown) $(failed PostDown)"
check "and how many" output_has 'cannot undo all of wga: 2 steps failed' "$RINGWIRE" log wga
