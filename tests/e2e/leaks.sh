# shellcheck shell=bash
# For tests of packets that leave a host besides a tunnel's own datagrams: a capture on the far end of its uplink, and
# programs that keep sending to the outside. Sourced after lib.sh.

clock() { echo "$EPOCHREALTIME"; }

# watch_uplink NAME HOST INTERFACE: captures what arrives there, until judge_uplink.
watch_uplink() {
  spawn "$2" "$RINGWIRE_PYTHON" "$e2e_dir/tools/uplink.py" capture "$3" "$work/$1.pcap" >"$work/$1.ready" 2>"$work/$1.capture.log" &
  uplink_pid[$1]=$!
  wait_until 10 "the capture $1 runs" grep -q ready "$work/$1.ready"
}
declare -A uplink_pid=()

stop_watching() {  # stop_watching NAME
  local status=0
  [ -n "${uplink_pid[$1]:-}" ] || return 0
  kill -TERM "${uplink_pid[$1]}"
  wait "${uplink_pid[$1]}" || status=$?
  unset "uplink_pid[$1]"
  check_equal "the capture $1 is complete" 0 "$status"
}

# only_tunnel NAME WHAT TUNNEL [OPTIONS OF uplink.py judge]: there was nothing else, and there was a tunnel.
only_tunnel() {
  local name=$1 what=$2
  shift 2
  stop_watching "$name"
  check "$what" "$RINGWIRE_PYTHON" "$e2e_dir/tools/uplink.py" judge "$work/$name.pcap" "$@"
  tail -n 1 "$work/check.out"
}

# leaks NAME [OPTIONS]: the capture has something else: proof that it would see it.
leaks() {
  local name=$1
  shift
  ! "$RINGWIRE_PYTHON" "$e2e_dir/tools/uplink.py" judge "$work/$name.pcap" none --least 0 "$@"
}

# chatter HOST UPLINK ADDRESS...: begins, and goes on until chatter_stops. more_chatter WHAT: many more rounds have passed.
chatter() {
  local host=$1
  shift
  spawn "$host" "$RINGWIRE_PYTHON" "$e2e_dir/tools/chatter.py" "$work/rounds" "$@" >>"$work/chatter.log" 2>&1 &
  chatter_pid=$!
  wait_until 10 "the chatter begins" chatter_beyond 1
}
chatter_beyond() { (($(cat "$work/rounds") > $1)); }
more_chatter() {
  alive "$chatter_pid" || fail "the chatter ended"
  wait_until 20 "chatter while $1" chatter_beyond $(($(cat "$work/rounds") + 30))
}
chatter_stops() { kill -TERM "$chatter_pid"; wait "$chatter_pid" || true; }

client_that_routes() {  # after two_bare_hosts: a has the world behind it, and b, its client, is the router of c
  host c
  link b eth1 c eth0
  address b eth1 192.168.9.1/24
  address c eth0 192.168.9.2/24
  router b
  ip -n c route add default via 192.168.9.1
  address a lo 198.51.100.7/32 2001:db8:7::7/128
  ip -n a route add 192.168.9.0/24 via 192.0.2.2
  ip -n b route add default via 192.0.2.1 && ip -n b -6 route add default via 2001:db8::1
}
