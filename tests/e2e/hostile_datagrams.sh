#!/usr/bin/env bash
# Datagrams from a third host - garbage, truncated, changed, replayed, with its own and with a stolen source address -
# raise counters and change nothing else: the session, its endpoint and its traffic continue.
#
#   b  192.0.2.2 ---[switch]--- 192.0.2.1  a
#   m  192.0.2.66 ------'          m sees all that b sends to a
source "$(dirname "$0")/lib.sh"
command -v tcpdump >/dev/null || skip "tcpdump"

host switch a b m
ip -n switch link add bridge type bridge
ip -n switch link set bridge up
number=(["1"]=a ["2"]=b ["66"]=m)
for n in 1 2 66; do
  link "${number[n]}" eth0 switch "to_${number[n]}"
  ip -n switch link set "to_${number[n]}" master bridge
  address "${number[n]}" eth0 192.0.2.$n/24
done
new_key a b
start a wga
start b wgb
set_up a wga a 51820 10.77.0.1/24
set_up b wgb b 51820 10.77.0.2/24
spawn b tcpdump -Z root -U -n -i eth0 -w "$work/seen.pcap" 'udp dst port 51820 and src 192.0.2.2' >"$work/tcpdump.log" 2>&1 &
wait_until 5 "the capture" grep -q 'listening on' "$work/tcpdump.log"
join_two - 192.0.2.1:51820
count a requests 'iifname "wga" icmp type echo-request'
check "a session, begun by b" on b ping -n -q -c 5 -i 0.05 -W 2 10.77.0.1
payloads() { "$RINGWIRE_PYTHON" "$e2e_dir/tools/datagram.py" payloads "$work/seen.pcap" 51820; }
captured() { (($(payloads | wc -l) >= 6)); }
wait_until 5 "m has seen an initiation and five transport messages" captured
payloads >"$work/seen"
grep -m 1 '^01' "$work/seen" >"$work/initiation"
grep '^04' "$work/seen" >"$work/transport"

inject() {  # inject SOURCE: from m, the datagrams of stdin as lines of hexadecimal
  on m "$RINGWIRE_PYTHON" "$e2e_dir/tools/datagram.py" send "$1" 51820 192.0.2.1 51820
}
state() { wg show wga dump | tail -n 1 | cut -f 3,5; }  # endpoint, handshake time
state_before=$(state)
requests_before=$(counted a requests)

attack() {  # attack WHAT DROP_REASON FILE: counted under that reason, from both addresses, and nothing has changed
  local before source
  for source in 192.0.2.66 192.0.2.2; do
    before=$(drops wga "$2")
    inject $source <"$3"
    wait_until 5 "$1 from $source are counted as $2" dropped_more wga "$2" $((before + $(wc -l <"$3") - 1))
    [ "$(state)" = "$state_before" ] || fail "$1 from $source changed the session: $state_before -> $(state)"
  done
  check_equal "$1: counted, nothing else" "$requests_before" "$(counted a requests)"
}
flip() { sed -E "s/^(.{$1})[0-7]/\1f/; t; s/^(.{$1})./\10/" "$2"; }  # another digit at a place

say "transport messages"
attack "replayed messages" replay "$work/transport"
flip 60 "$work/transport" >"$work/changed"
attack "messages with a changed byte" transport_invalid "$work/changed"
flip 16 "$work/transport" >"$work/counter"
attack "messages with a changed counter" transport_invalid "$work/counter"
sed 's/..$//' "$work/transport" >"$work/cut"
attack "messages without their last byte" transport_invalid "$work/cut"
sed -E 's/^(.{8}).{8}/\1deadbeef/' "$work/transport" | head -n 1 >"$work/index"
attack "a message to an index that nobody has" unknown_receiver_index "$work/index"

say "handshakes"
attack "a replayed initiation" initiation_replayed "$work/initiation"
flip 100 "$work/initiation" >"$work/changed"
attack "an initiation with a changed byte" invalid_mac1 "$work/changed"
sed 's/..$//' "$work/initiation" >"$work/cut"
attack "an initiation without its last byte" message_wrong_length "$work/cut"

say "garbage"
random_hex() { head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'; }
for size in 1 3; do echo "$(random_hex $size)"; done >"$work/short"
for size in 0 11 12 27; do echo "04000000$(random_hex $size)"; done >>"$work/short"
attack "datagrams that are too short" datagram_too_short "$work/short"
for size in 28 60 88 144 500 1400; do echo "ff000000$(random_hex $size)"; done >"$work/unknown"
attack "messages of an unknown type" unknown_message_type "$work/unknown"
for type in 01 02 03; do echo "${type}000000$(random_hex 300)"; done >"$work/wrong"
attack "handshake messages of a wrong length" message_wrong_length "$work/wrong"
echo | inject 192.0.2.66
for _ in {1..300}; do echo "$(random_hex $((RANDOM % 1400 + 1)))"; done >"$work/random"
inject 192.0.2.2 <"$work/random"
check "after 300 random datagrams traffic goes on" pings a 10.77.0.2
check_equal "in the same session" "$state_before" "$(state)"
check "from b too" pings b 10.77.0.1

say "more than the socket has room for"
kill -STOP "${daemon_pid[wga]}"
on m "$RINGWIRE_PYTHON" -c 'import socket
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(30000): one.sendto(b"4" + bytes(1300), ("192.0.2.1", 51820))'
kill -CONT "${daemon_pid[wga]}"
dropped_by_kernel() { on a awk 'NR > 1 { n += $13 } END { print n }' /proc/net/udp; }
check "the kernel has dropped some" test "$(dropped_by_kernel)" -gt 0
check_equal "and show tells how many" "$(dropped_by_kernel)" "$(drops wga receive_buffer_full)"
check "traffic goes on after that" pings a 10.77.0.2
