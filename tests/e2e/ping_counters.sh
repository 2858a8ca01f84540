#!/usr/bin/env bash
# Ten pings of 56 bytes move exactly the bytes that the message sizes predict: every ping is 84 bytes, padded to 96,
# in a transport message of 128; the initiator adds its 148-byte initiation, the responder its 92-byte response.
#
#   a (initiator) ------ b
source "$(dirname "$0")/lib.sh"

exact() {  # exact INITIATOR_IF RESPONDER_IF
  local initiator responder
  initiator=$(transfer "$1") responder=$(transfer "$2")
  case "$initiator/$responder" in
    "1372 1428/1428 1372" | "1372 1460/1460 1372") echo "ok: $1 and $2 agree: $initiator" ;;
    *) fail "counters (received sent): $1 $initiator, $2 $responder" ;;
  esac
}

# What the workers of an interface have counted so far: sent to the wire, received from it, written to TUN.
moved() {
  status "$1" "' '.join(str(sum(worker['counts'][name] for worker in status['workers'])) for name in
    ('udp_send_segments', 'udp_receive_segments', 'tun_write_segments'))"
}

two_hosts
join_two
read -r sent received written <<<"$(moved wga)"
ten_pings() { on "$1" sh -c "for n in 1 2 3 4 5 6 7 8 9 10; do ping -n -q -c 1 -W $patience $2 || exit 1; done"; }
check "ten pings from a" ten_pings a 10.77.0.2
# Received: the response to the handshake as well. The last ping must not wait for something else to happen.
check_equal "and the workers say so at once" "$((sent + 10)) $((received + 11)) $((written + 10))" "$(moved wga)"
exact wga wgb

say "the other way round, with a fresh session"
wg set wga peer "${public[b]}" remove
wg set wgb peer "${public[a]}" remove
join_two
check "ten pings from b" ten_pings b 10.77.0.1
exact wgb wga
