#!/usr/bin/env bash
# A configuration that comes with its container: a variable with the whole file, keys in files of secrets, keys that
# the environment overrides, a read-only /proc/sys, and what is refused in an image.
#
#   a 10.77.0.1, all of it from variables ------ b 10.77.0.2, a file with two keys overridden
source "$(dirname "$0")/lib.sh"

two_bare_hosts
new_key a b
(umask 077 && echo "${private[a]}" >"$work/a.secret" && echo "${private[b]}" >"$work/b.secret")
file="[Interface]
ListenPort = 51820
Address = 10.77.0.1/24
[Peer]
PublicKey = ${public[b]}
AllowedIPs = 10.77.0.2/32"
start() {  # start HOST NAME=VALUE... COMMAND...: the daemon of wgHOST; its log is $work/HOST.log
  local host=$1
  shift
  (spawn "$host" env "$@" >"$work/$host.log" 2>&1) &
  daemon_pid[wg$host]=$! daemon_host[wg$host]=$host
}
refused() {  # refused WHAT MESSAGE NAME=VALUE... COMMAND...
  local what=$1 message=$2
  shift 2
  check_fails "$what" env "$@"
  grep -qF -- "$message" "$work/check.out" || fail "$what: says $(cat "$work/check.out")"
  [ "$(wc -l <"$work/check.out")" = 1 ] || fail "$what: says more than one line: $(cat "$work/check.out")"
}

say "a tunnel by variables"
start a RINGWIRE_CONFIG="$(base64 <<<"$file")" RINGWIRE_INTERFACE_PRIVATEKEY="${private[a]}" "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" wga
(umask 077 && printf '[Interface]\nPrivateKeyFile = none\nListenPort = 1\nAddress = 10.77.0.2/24\n[Peer]\nPublicKey = %s\nAllowedIPs = 10.77.0.1/32\nEndpoint = 192.0.2.9:9\n' \
  "${public[a]}" >"$work/wgb.conf")
start b RINGWIRE_PEER_1_ENDPOINT=192.0.2.1:51820 FILE__RINGWIRE_INTERFACE_PRIVATEKEY="$work/b.secret" RINGWIRE_INTERFACE_LISTENPORT=51821 \
  "$RINGWIRE" run "--io=$RINGWIRE_E2E_IO" "$work/wgb.conf"
for name in a b; do wait_until 10 "wg$name is up" ready $name wg$name; done
check "carries packets" tries pings b 10.77.0.1
check_equal "on the port of the environment" 51821 "$(wg show wgb listen-port)"
no_key() { ! grep -qaF "$1" "/proc/$2/environ"; }
for process in $(pgrep -f 'ringwire run .*wga'); do check "no process keeps the key in its environment" no_key "${private[a]}" "$process"; done
check_fails "save does not write what the environment says" "$RINGWIRE" save wgb
check "nor touches the file" grep -q 'ListenPort = 1$' "$work/wgb.conf"
stop wga
stop wgb

say "what is wrong is named by its variable, or by file and line"
refused "a wrong value" 'RINGWIRE_INTERFACE_MTU: MTU must be' RINGWIRE_INTERFACE_MTU=many "$RINGWIRE" run "$work/wgb.conf"
refused "a missing secret" "RINGWIRE_INTERFACE_PRIVATEKEY_FILE: read $work/none: No such file" \
  RINGWIRE_INTERFACE_PRIVATEKEY_FILE="$work/none" "$RINGWIRE" run "$work/wgb.conf"
refused "a wrong key" 'RINGWIRE_INTERFACE_PRIVATEKEY_FILE: ' RINGWIRE_INTERFACE_PRIVATEKEY_FILE="$work/wgb.conf" "$RINGWIRE" run "$work/wgb.conf"
refused "a wrong line" 'RINGWIRE_CONFIG:2:7: MTU must be' RINGWIRE_CONFIG=$'[Interface]\nMTU = x' "$RINGWIRE" run wgc

say "an image"
mkdir "$work/image" "$work/empty"
printf '[Interface]\nPrivateKey = %s\n' "${private[a]}" >"$work/image/wgc.conf"
refused "has no key" "$work/image/wgc.conf:2:1: this PrivateKey is part of the image" PATH=/bin "$RINGWIRE" check --image "$work/image"
check "unless that is allowed" env RINGWIRE_ALLOW_BAKED_KEY=1 "$RINGWIRE" check --image "$work/image"
refused "nor one in a variable" 'RINGWIRE_INTERFACE_PRIVATEKEY: this variable with a key is part of the image' \
  RINGWIRE_INTERFACE_PRIVATEKEY="${private[a]}" "$RINGWIRE" check --image "$work/empty"

say "settings of the kernel that cannot be written"
(umask 077 && printf '[Interface]\nPrivateKey = %s\n[Gateway]\nForward = on\n' "${private[a]}" >"$work/wgf.conf")
# shellcheck disable=SC2016  # expanded by the inner shell
readonly_run() { on a unshare --mount sh -c 'mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec "$@"' sh "$@"; }
check_fails "are named" readonly_run "$RINGWIRE" run "$work/wgf.conf"
check_equal "all in one line" \
  "ringwire: cannot change the kernel's network settings: /proc/sys is read-only; start the container with --sysctl net.ipv4.ip_forward=1 --sysctl net.ipv6.conf.all.forwarding=1" \
  "$(grep -v warning "$work/check.out")"
router a
readonly_run "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "$work/wgf.conf"
check "what is right already passes" ready a wgf
on a "$RINGWIRE" down wgf
