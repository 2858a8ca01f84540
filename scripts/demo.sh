#!/usr/bin/env bash
# `./dev demo`: two private networks joined by an encrypted tunnel over an emulated internet, step by step.
# It runs in process, mount and network namespaces of its own (see tests/e2e/lib.sh), so whatever ends it, Ctrl-C
# included, leaves nothing on the machine. Exit 0: everything that it claims was seen; 1: what failed is named.
skip() { echo "ringwire: demo: needs $*" >&2; exit 1; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RINGWIRE=${RINGWIRE:-$here/../build/release/ringwire}
# shellcheck source=../tests/e2e/lib.sh
source "$here/../tests/e2e/lib.sh"

bold='' green='' red='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[0m'
fi
step=0 started=$SECONDS results=()
heading() { printf '\n%s%d. %s%s\n' "$bold" $((++step)) "$*" "$plain"; }
shown() { sed "s/^/   $dim|$plain /"; }
good() { printf '   %s✓%s %s\n' "$green" "$plain" "$*"; }
fail() { printf '   %s✗ %s%s\n' "$red" "$*" "$plain" >&2; exit 1; }

end() {
  local status=$?
  trap - EXIT
  if [ "$status" != 0 ]; then
    for log in "$work"/gateway-?.log; do
      [ -s "$log" ] && { echo "   the end of ${log##*/}:"; tail -n 8 "$log" | shown; } >&2
    done
    printf '\n%sringwire demo failed in step %d.%s\n' "$red" "$step" "$plain" >&2
    exit 1
  fi
  printf '\n%sringwire demo passed in %d s:%s %s.\n' "$green" $((SECONDS - started)) "$plain" "$(IFS=';'; echo "${results[*]}" | sed 's/;/; /g')"
}
trap end EXIT

start_gateway() {  # start_gateway a|b
  spawn "gateway-$1" "$RINGWIRE" run "$work/gateway-$1.conf" >>"$work/gateway-$1.log" 2>&1 &
  daemon_pid[gateway-$1]=$!
  wait_until 10 "ringwire on gateway-$1 is ready" \
    output_has '10\.[12]\.0\.0/24' ip -n "gateway-$1" route show dev "gateway-$1"
}

networks() {
  heading 'Two private networks and an internet between them'
  shown <<'TEXT'
private network A                     the internet                     private network B

host-a ----------- gateway-a ---------- internet ---------- gateway-b ----------- host-b
10.1.0.2  10.1.0.1           198.51.100.1      203.0.113.1            10.2.0.1  10.2.0.2
                      \____________ the tunnel, UDP 51820 ____________/
TEXT
  host host-a gateway-a internet gateway-b host-b
  router gateway-a gateway-b internet
  link host-a eth0 gateway-a lan
  link gateway-a wan internet to_a
  link gateway-b wan internet to_b
  link host-b eth0 gateway-b lan
  address host-a eth0 10.1.0.2/24
  address gateway-a lan 10.1.0.1/24
  address gateway-a wan 198.51.100.1/24
  address internet to_a 198.51.100.254/24
  address internet to_b 203.0.113.254/24
  address gateway-b wan 203.0.113.1/24
  address gateway-b lan 10.2.0.1/24
  address host-b eth0 10.2.0.2/24
  ip -n host-a route add default via 10.1.0.1
  ip -n host-b route add default via 10.2.0.1
  ip -n gateway-a route add default via 198.51.100.254
  ip -n gateway-b route add default via 203.0.113.254
  pings gateway-a 203.0.113.1 || fail 'the emulated internet does not carry packets'
  good 'the gateways reach each other over the internet'
}

before() {
  heading 'Without a tunnel'
  echo '   host-a$ ping -c 2 10.2.0.2'
  if on host-a ping -c 2 -i 0.3 -W 1 10.2.0.2 >"$work/ping.out"; then fail 'host-a reaches host-b without a tunnel'; fi
  shown <"$work/ping.out"
  good 'the private networks cannot reach each other'
}

configuration() {  # configuration NAME PEER ADDRESS PEERS_NETWORK PEERS_ENDPOINT
  (umask 077 && cat >"$work/gateway-$1.conf" <<TEXT
[Interface]
PrivateKey = ${private[$1]}
ListenPort = 51820
Address = $3
MTU = 1420

[Peer]
PublicKey = ${public[$2]}
AllowedIPs = $4
Endpoint = $5
PersistentKeepalive = 1
TEXT
  )
}

gateways() {
  heading 'A ringwire on each gateway'
  new_key a b
  configuration a b 10.77.0.1/24 '10.77.0.2/32, 10.2.0.0/24' 203.0.113.1:51820
  configuration b a 10.77.0.2/24 '10.77.0.1/32, 10.1.0.0/24' 198.51.100.1:51820
  echo '   gateway-a$ cat gateway-a.conf'
  sed 's/^PrivateKey = .*/PrivateKey = (made just now, not shown)/' "$work/gateway-a.conf" | shown
  echo '   gateway-a$ ringwire run gateway-a.conf      and the mirror image on gateway-b'
  start_gateway a
  start_gateway b
  good 'both are ready; each gateway routes the far network, as AllowedIPs says, into its tunnel'
}

after() {
  heading 'With the tunnel'
  echo '   host-a$ ping -c 3 10.2.0.2'
  wait_until 10 'a first answer through the tunnel' on host-a ping -c 1 -W 1 10.2.0.2
  on host-a ping -c 3 -i 0.3 -W 2 10.2.0.2 >"$work/ping.out" || { shown <"$work/ping.out"; fail 'no answer through the tunnel'; }
  shown <"$work/ping.out"
  good 'host-a reaches host-b'
  results+=('ping fails before and works after')
}

# One TCP connection that carries 256 MiB; host-b counts and hashes what arrives.
transfer_tcp() {
  local begin end speed
  heading 'A TCP transfer'
  dd if=/dev/urandom of="$work/sent" bs=1M count=16 status=none
  for _ in {1..16}; do cat "$work/sent"; done | sha256sum >"$work/sent.sum"
  spawn host-b sh -c "socat -u -b 262144 TCP4-LISTEN:5001,reuseaddr - | sha256sum >$work/received.sum" &
  local receiver=$!
  wait_until 5 'host-b listens' listening host-b 5001
  echo '   host-a sends 256 MiB to host-b'
  begin=${EPOCHREALTIME/./}
  for _ in {1..16}; do cat "$work/sent"; done | on host-a socat -u -b 262144 - TCP4:10.2.0.2:5001
  wait $receiver
  end=${EPOCHREALTIME/./}
  rm "$work/sent"
  cmp -s "$work/sent.sum" "$work/received.sum" || fail 'what arrived is not what was sent'
  speed=$(awk -v us=$((end - begin)) 'BEGIN { printf "%.2f Gbit/s", 256 * 8 * 1048576 / us / 1000 }')
  good "256 MiB arrived unchanged (same SHA-256) at $speed"
  results+=("TCP at $speed")
}

capture() {  # capture HOST IF FILE
  spawn "$1" tcpdump -Z root -U -n -i "$2" -w "$work/$3" 'not arp' >"$work/$3.err" 2>&1 &
  capture_pid[$3]=$!
  wait_until 5 "the capture on $1" grep -q 'listening on' "$work/$3.err"
}

wiretap() {
  local marker datagrams
  declare -A capture_pid=()
  heading 'What the internet sees'
  marker="PLAINTEXT-MARKER-$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')"
  capture internet to_a internet.pcap
  capture host-b eth0 inside.pcap
  spawn host-b socat -u UDP4-RECV:5002 "OPEN:$work/heard,creat" &
  wait_until 5 'host-b listens' output_has ':5002\b' on host-b ss -Hlun
  echo "   host-a sends the line \"$marker\" to host-b, five times"
  for _ in {1..5}; do echo "$marker" | on host-a socat -u - UDP4:10.2.0.2:5002; done
  wait_until 5 'the line reaches host-b' grep -q "$marker" "$work/heard"
  wait_until 5 'the capture on host-b holds it' grep -aq "$marker" "$work/inside.pcap"
  kill -INT "${capture_pid[@]}"
  wait "${capture_pid[@]}" || true
  # Transport messages: type 4 in the first byte after the UDP header.
  on internet tcpdump -r "$work/internet.pcap" -n -x 'udp port 51820 and udp[8] = 4 and udp[4:2] > 40' \
    >"$work/datagrams" 2>/dev/null || true
  datagrams=$(grep -c '^[0-9].*UDP' "$work/datagrams" || true)
  [ "$datagrams" -gt 0 ] || fail 'no transport message was captured on the internet'
  head -n 6 "$work/datagrams" | shown
  good "on host-b's cable the marker is there"
  if grep -aq "${marker:0:16}" "$work/internet.pcap"; then fail 'the marker is readable on the internet'; fi
  good "on the internet there are $datagrams WireGuard transport messages, and the marker is in none of them"
  results+=('only ciphertext on the wire')
}

typed() { echo "$1" >&7; echo "   host-a types: $1"; }
answered() { wait_until 30 "host-b answers \"$1\"" grep -q "host-b heard: $1" "$work/conversation"; }

long_lived() {
  local client
  heading 'A TCP connection that survives the death of the far gateway'
  echo 's/^/host-b heard: /' >"$work/answer.sed"
  spawn host-b socat TCP4-LISTEN:7000,reuseaddr "EXEC:sed -u -f $work/answer.sed" 2>"$work/socat.log" &
  wait_until 5 'host-b listens' listening host-b 7000
  mkfifo "$work/keyboard"
  exec 7<>"$work/keyboard"
  spawn host-a socat - TCP4:10.2.0.2:7000 <"$work/keyboard" >"$work/conversation" 2>&1 7>&- &
  client=$!
  typed 'good morning'
  answered 'good morning'
  kill_hard gateway-b
  good "gateway-b's ringwire was killed (SIGKILL); its interface is gone"
  typed 'are you still there?'
  no_pings host-a 10.2.0.2 || fail 'host-b answers although its gateway is dead'
  good 'nothing passes: the line waits in the sender'
  start_gateway b
  good 'gateway-b is started again, with nothing but its configuration'
  answered 'are you still there?'
  typed 'and now?'
  answered 'and now?'
  alive "$client" || fail 'the connection broke'
  shown <"$work/conversation"
  good 'the same connection carried the lines typed before, during and after'
  exec 7>&-
  results+=('a connection survived a killed gateway')
}

status() {
  local one
  heading 'The status of both ends'
  for one in a b; do
    echo "   gateway-$one\$ ringwire show gateway-$one"
    on "gateway-$one" "$RINGWIRE" show "gateway-$one" >"$work/show" || fail "ringwire show failed on gateway-$one"
    shown <"$work/show"
    grep -q "${public[$one]}" "$work/show" || fail "the status of gateway-$one does not show its public key"
  done
  for one in a b; do
    kill -TERM "${daemon_pid[gateway-$one]}"
    wait "${daemon_pid[gateway-$one]}" || fail "ringwire on gateway-$one ended with $? on SIGTERM"
    no_interface "gateway-$one" "gateway-$one" >/dev/null 2>&1 || fail "gateway-$one keeps its interface"
  done
  good 'both ended on SIGTERM and took their interfaces with them'
}

daemon_host=([gateway-a]=gateway-a [gateway-b]=gateway-b)
networks
before
gateways
after
transfer_tcp
wiretap
long_lived
status
