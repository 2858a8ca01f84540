#!/usr/bin/env bash
# Faulty input or a faulty machine: one clear line that names the fault and the fix, a nonzero exit status, and
# nothing left behind.
#
#   a (one host)
source "$(dirname "$0")/lib.sh"

umask 077
host a
new_key a b
good_file() {
  printf '[Interface]\nPrivateKey = %s\nListenPort = 51820\nAddress = 10.77.0.1/24\n[Peer]\nPublicKey = %s\nAllowedIPs = 10.77.0.2/32\n' \
    "${private[a]}" "${public[b]}"
}
interfaces() { ip -n a -o link show | cut -d : -f 2; }
interfaces_before=$(interfaces)

refused() {  # refused WHAT STATUS PATTERN COMMAND...: on host a
  local what=$1 wanted=$2 pattern=$3 status=0 lines
  shift 3
  on a timeout "$patience" "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
  cat "$work/stdout" >>"$work/stderr"
  [ "$status" = "$wanted" ] || { cat "$work/stderr" >&2; fail "$what: exit status $status instead of $wanted"; }
  lines=$(wc -l <"$work/stderr")
  [ "$lines" = 1 ] || { cat "$work/stderr" >&2; fail "$what: $lines lines instead of one"; }
  grep -Eq -- "$pattern" "$work/stderr" || { cat "$work/stderr" >&2; fail "$what: the line does not say /$pattern/"; }
  if grep -qF "${private[a]}" "$work/stderr"; then fail "$what: the line shows a private key"; fi
  [ "$(interfaces)" = "$interfaces_before" ] || fail "$what: an interface is left: $(interfaces | paste -sd ' ')"
  if compgen -G '/run/wireguard/*' >/dev/null; then fail "$what: a control socket is left"; fi
  if compgen -G '/run/ringwire/*.sock' >/dev/null; then fail "$what: a status socket is left"; fi
  echo "ok: $what: $(sed "s,$work/,,g" "$work/stderr")"
}
run() { refused "$1" 1 "$2" "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wgz.conf"; }
with() { good_file | sed -E "$1" >"$work/wgz.conf"; }  # the good file, changed

say "configuration"
rm -f "$work/wgz.conf"
run "no such file" 'wgz\.conf.*No such file'
mkdir "$work/wgz.conf"
run "a folder" 'wgz\.conf.*(directory|folder|regular file)'
rmdir "$work/wgz.conf"
with 's/^PrivateKey.*/PrivateKey = abc/'
run "a malformed key" 'wgz\.conf:2:[0-9]+: '
with 's/^ListenPort.*/ListenPort = 70000/'
run "a port out of range" 'wgz\.conf:3:[0-9]+: '
with 's/^Address.*/Adress = 10.0.0.1/'
run "an unknown key" 'wgz\.conf:4:[0-9]+: .*Adress'
with 's/^AllowedIPs.*/AllowedIPs = 10.77.0.2\/64/'
run "an impossible prefix" 'wgz\.conf:7:[0-9]+: '
with 's/^\[Peer\]/[Pear]/'
run "an unknown section" 'wgz\.conf:5:[0-9]+: .*section'
# Behind a letter: one time in 256 they would be a comment.
{ printf 'x'; head -c 3000 /dev/urandom | tr '\n' 'x'; echo; } >"$work/wgz.conf"
run "random bytes" 'wgz\.conf:1:[0-9]+: '

say "the machine"
good_file >"$work/wgz.conf"
spawn a socat -u UDP4-RECV:51820 - >/dev/null &
busy=$!
wait_until 5 "the port is taken" output_has ':51820\b' on a ss -Hlun
run "a busy port" '51820.*in use'
kill $busy
wait $busy || true

start_wgz=("$RINGWIRE" -f "--io=$RINGWIRE_E2E_IO" wgz)
tun_hint='/dev/net/tun'
# shellcheck disable=SC2016
refused "no /dev/net/tun" 1 "$tun_hint" unshare --mount sh -c 'mount -t tmpfs tmpfs /dev/net && exec "$@"' sh "${start_wgz[@]}"
# shellcheck disable=SC2016
refused "/dev/net/tun that is a plain file" 1 'another file than the kernel' \
  unshare --mount sh -c 'mount -t tmpfs tmpfs /dev/net && : >/dev/net/tun && exec "$@"' sh "${start_wgz[@]}"
refused "no CAP_NET_ADMIN" 1 'NET_ADMIN' setpriv --bounding-set=-net_admin --inh-caps=-net_admin "${start_wgz[@]}"
refused "no CAP_NET_ADMIN, with run" 1 'NET_ADMIN' setpriv --bounding-set=-net_admin --inh-caps=-net_admin \
  "$RINGWIRE" run "$work/wgz.conf"
refused "a name that is too long" 1 'abcdefghijklmnop' "$RINGWIRE" -f abcdefghijklmnop
refused "a name that is no name" 1 'a/b' "$RINGWIRE" -f a/b
refused "show of an interface that is not there" 1 'wgnone' "$RINGWIRE" show wgnone
refused "an unknown AEAD provider" 2 'aead' "$RINGWIRE" -f --aead=magic wgz
refused "an unknown backend" 2 'io' "$RINGWIRE" -f --io=magic wgz
without() { refused "$1" 1 'io_uring' "$RINGWIRE_PYTHON" "$e2e_dir/tools/without_io_uring.py" "$2" "$RINGWIRE" -f --io=io_uring wgz; }
without "--io=io_uring where containers refuse it" EPERM
without "--io=io_uring where the kernel has none" ENOSYS
# The background form reports the same to the one who started it.
refused "in the background: no /dev/net/tun" 1 "$tun_hint" \
  unshare --mount sh -c 'mount -t tmpfs tmpfs /dev/net && exec "$@"' sh "$RINGWIRE" wgz

link a wgz a wgz_end
interfaces_before=$(interfaces)
refused "the name of an interface that exists" 1 'wgz.*(exists|in use|busy)' "${start_wgz[@]}"
ip -n a link delete wgz
interfaces_before=$(interfaces)

say "beside a running one"
start a wga
refused_beside() {
  local status=0
  on a timeout "$patience" "$RINGWIRE" -f "--io=$RINGWIRE_E2E_IO" wga >"$work/stderr" 2>&1 || status=$?
  check_equal "a second process for the same name" 1 $status
  check_equal "says so in one line" 1 "$(wc -l <"$work/stderr")"
  check "the first one still serves wg" wg show wga
  check "and keeps its interface" ip -n a link show wga
}
refused_beside
good_file >"$work/wga.conf"
status=0
on a timeout "$patience" "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wga.conf" >"$work/stderr" 2>&1 || status=$?
check_equal "run with the same name is refused" 1 $status
check "with the reason" grep -q 'taken by the WireGuard program that serves' "$work/stderr"
check "the first one still serves wg" wg show wga
check "and ringwire show" "$RINGWIRE" show wga
check "and keeps its interface" ip -n a link show wga
spawn a socat -u UDP4-RECV:51999 - >/dev/null &
wait_until 5 "the port is taken" output_has ':51999\b' on a ss -Hlun
wg set wga listen-port 51821
if wg set wga listen-port 51999 2>"$work/stderr"; then fail "wg set to a busy port is accepted"; fi
check "wg set to a busy port is refused with the reason" grep -q 'in use' "$work/stderr"
check_equal "the port is as before" 51821 "$(wg show wga listen-port)"
check "its socket too" output_has ':51821\b' on a ss -Hlun
