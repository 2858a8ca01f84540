# shellcheck shell=bash
# What every end-to-end test starts with: `source "$(dirname "$0")/lib.sh"`.
#
# A test runs as process 1 of a process namespace of its own, with a private /run on which the network namespaces,
# the control sockets and the logs live. So tests run side by side, use plain names, and can leave nothing behind on
# the machine: whatever ends process 1 (also SIGKILL) ends every process and with them every interface.
#
# Environment: RINGWIRE (the program under test), RINGWIRE_E2E_IO (io_uring or epoll), RINGWIRE_E2E_RELEASE (1: the
# program has no sanitizers, so memory is worth measuring), RINGWIRE_PYTHON (the interpreter: the first python3 of PATH
# can be a version manager's script that takes longer to start than a test to run), RINGWIRE_SLOWNESS (how many times
# slower this machine is than the one that the waits were chosen on: scripts/slowness.sh).
set -euo pipefail

e2e_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RINGWIRE=${RINGWIRE:-$e2e_dir/../../build/dev/ringwire}
RINGWIRE_E2E_IO=${RINGWIRE_E2E_IO:-io_uring}
RINGWIRE_PYTHON=${RINGWIRE_PYTHON:-$(python3 -c 'import sys; print(sys.executable)' || echo python3)}
# Limits catch what hangs, not what is slow: no wait for what must come ends before this many seconds.
patience=$((30 * ${RINGWIRE_SLOWNESS:-1}))

declare -F skip >/dev/null || skip() { echo "SKIP: needs $*"; exit 77; }

# Starts this test again inside its namespaces; the outer process only forwards the end.
enter_namespaces() {
  local tool child status=0
  [ "$(id -u)" = 0 ] || skip "root (network namespaces and CAP_NET_ADMIN)"
  [ -c /dev/net/tun ] || skip "/dev/net/tun"
  for tool in ip wg nsenter unshare setpriv ping nft socat "$RINGWIRE_PYTHON"; do
    command -v "$tool" >/dev/null || skip "$tool (./dev setup)"
  done
  command -v "$RINGWIRE" >/dev/null || { echo "FAIL: there is no $RINGWIRE (./dev build)" >&2; exit 1; }
  unshare --mount --net --pid --fork true 2>/dev/null || skip "CAP_SYS_ADMIN (namespaces)"
  RINGWIRE=$(command -v "$RINGWIRE") && RINGWIRE=$(realpath "$RINGWIRE")
  export RINGWIRE RINGWIRE_E2E_IO RINGWIRE_PYTHON RINGWIRE_E2E_INSIDE=1
  setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc bash "$0" "$@" <&0 &
  child=$!
  trap 'kill -KILL "$child" 2>/dev/null || true' EXIT
  trap 'echo "interrupted: everything that was started is removed" >&2; exit 130' INT
  trap 'exit 143' TERM
  wait "$child" || status=$?
  exit "$status"
}
[ -n "${RINGWIRE_E2E_INSIDE:-}" ] || enter_namespaces "$@"

mount -t tmpfs tmpfs /run
[ /var/run -ef /run ] || mount --bind /run /var/run
mount -t tmpfs tmpfs /var/lib
work=/run/e2e
mkdir -p /run/netns "$work"
export ASAN_OPTIONS="log_path=$work/sanitizer:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="log_path=$work/sanitizer:print_stacktrace=1:${UBSAN_OPTIONS:-}"
mkfifo "$work/never"  # nobody writes to it: `pause` waits there
declare -A private=() public=() daemon_pid=() daemon_host=() daemon_kind=() stream_pid=()

# ---- checks ------------------------------------------------------------------------------------------------------

say() { echo "-- $*"; }
fail() { echo "FAIL: $*" >&2; exit 1; }

check() {  # check WHAT COMMAND...: the command must succeed
  local what=$1
  shift
  "$@" >"$work/check.out" 2>&1 || { cat "$work/check.out" >&2; fail "$what  [$*]"; }
  echo "ok: $what"
}

check_fails() {  # check_fails WHAT COMMAND...: the command must fail
  local what=$1
  shift
  if "$@" >"$work/check.out" 2>&1; then cat "$work/check.out" >&2; fail "$what  [$*]"; fi
  echo "ok: $what"
}

check_equal() {  # check_equal WHAT WANTED GOT
  [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
  echo "ok: $1"
}

# pause [SECONDS]: without a process, as `sleep` would be.
pause() { read -r -t "${1:-0.05}" _ <>"$work/never" || true; }

# wait_until SECONDS WHAT COMMAND...: polls until the command succeeds. It gives up after SECONDS, and never before
# $patience: SECONDS is for what takes longer than that by the protocol's own clock.
wait_until() {
  local seconds=$(($1 * ${RINGWIRE_SLOWNESS:-1})) what=$2 deadline
  deadline=$((${EPOCHREALTIME/./} + (seconds > patience ? seconds : patience) * 1000000))
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((${EPOCHREALTIME/./} < deadline)) || fail "waited in vain: $what  [$*]"
    pause
  done
}

check_soon() { wait_until 5 "$@"; echo "ok: $1"; }  # check_soon WHAT COMMAND...: it succeeds, perhaps not at once

# tries COMMAND...: it succeeds once in three times. An overloaded machine may lose a packet now and then, a fault loses it each time.
tries() { "$@" || "$@" || "$@"; }

# True when COMMAND prints something else than BEFORE (for wait_until).
differs() { local before=$1; shift; [ "$("$@")" != "$before" ]; }
prints() { local wanted=$1; shift; [ "$("$@")" = "$wanted" ]; }
output_has() { local pattern=$1; shift; grep -Eq -- "$pattern" <<<"$("$@" 2>&1)"; }

# ---- hosts and links ---------------------------------------------------------------------------------------------

on() { local host=$1; shift; nsenter --net="/run/netns/$host" -- "$@"; }
spawn() { local host=$1; shift; exec nsenter --net="/run/netns/$host" -- "$@"; }  # only with &: $! is the program's own

host() {  # host NAME...: a network namespace each, in which no address is chosen or probed behind the test's back
  local name
  for name in "$@"; do
    ip netns add "$name"
    # shellcheck disable=SC2016  # expanded by the inner shell
    on "$name" sh -c 'cd /proc/sys/net/ipv6/conf/default && echo 1 >addr_gen_mode && echo 0 >accept_dad &&
      echo 0 >accept_ra && echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter && echo 0 >/proc/sys/net/ipv4/conf/default/rp_filter'
    ip -n "$name" link set lo up
  done
}

link() {  # link HOST_A IF_A HOST_B IF_B [MTU]: a cable between two hosts
  ip link add "$2" netns "$1" mtu "${5:-1500}" type veth peer name "$4" netns "$3"
  ip -n "$3" link set "$4" mtu "${5:-1500}"
  ip -n "$1" link set "$2" up
  ip -n "$3" link set "$4" up
}

address() {  # address HOST IF ADDRESS/LENGTH...
  local host=$1 interface=$2 one
  shift 2
  for one in "$@"; do ip -n "$host" address add "$one" dev "$interface"; done
}

router() {  # router HOST...: forwards IPv4 and IPv6
  local name
  for name in "$@"; do
    on "$name" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
  done
}

# ---- the programs ------------------------------------------------------------------------------------------------

ready() { ip -n "$1" link show "$2" && wg show "$2" listen-port; }

# start HOST IF [ringwire|chacha|interleaved|cold|go] (chacha: ringwire without its AES transport; interleaved: also with
# its own code for it; cold: ringwire that does not initiate to those who were there before): the daemon in the foreground of
# its own process, ready when this returns.
start() {
  local host=$1 interface=$2 kind=${3:-ringwire} command=("$RINGWIRE" -f "--io=$RINGWIRE_E2E_IO" "$2")
  [[ $kind != chacha && $kind != interleaved ]] || command+=(--cipher=chacha20-poly1305)
  [ "$kind" != interleaved ] || command+=(--aead=interleaved)
  [ "$kind" != cold ] || command+=(--warm-restart=off)
  [ "$kind" != go ] || command=(wireguard-go -f "$interface")
  LOG_LEVEL=${LOG_LEVEL:-debug} spawn "$host" "${command[@]}" >>"$work/$interface.log" 2>&1 &
  daemon_pid[$interface]=$!
  daemon_host[$interface]=$host daemon_kind[$interface]=$kind
  wait_until 10 "$interface on $host is ready" ready "$host" "$interface"
}

no_interface() { ! ip -n "$1" link show "$2"; }
alive() { kill -0 "$1" 2>/dev/null; }
gone() { ! alive "$1"; }

kill_hard() {  # kill_hard IF: as a crash does
  local pid=${daemon_pid[$1]}
  kill -KILL "$pid"
  wait "$pid" 2>/dev/null || true
  wait_until 5 "the interface $1 goes with its process" no_interface "${daemon_host[$1]}" "$1"
  unset "daemon_pid[$1]"
  [ "${daemon_kind[$1]:-ringwire}" != go ] || rm -f "/run/wireguard/$1.sock"
}

stop() { ends_well "$1" || exit 1; }  # stop IF: as an operator does

# ends_well IF: ends the daemon by SIGTERM and checks its exit status, its interface and its socket.
ends_well() {
  local pid=${daemon_pid[$1]} host=${daemon_host[$1]} status=0 deadline=$((SECONDS + patience))
  unset "daemon_pid[$1]"
  kill -TERM "$pid"
  while alive "$pid" && ((SECONDS <= deadline)); do pause; done
  if alive "$pid"; then echo "FAIL: the daemon of $1 does not end on SIGTERM" >&2; return 1; fi
  wait "$pid" 2>/dev/null || status=$?
  [ "$status" = 0 ] || { echo "FAIL: the daemon of $1 ended with $status" >&2; return 1; }
  [ ! -e "/run/wireguard/$1.sock" ] || { echo "FAIL: $1 left its control socket" >&2; return 1; }
  [ -e "/run/netns/$host" ] || return 0
  if ip -n "$host" link show "$1" >/dev/null 2>&1; then echo "FAIL: $1 left its interface" >&2; return 1; fi
}

ended() {  # ended IF WHAT: the daemon ends by itself, cleanly, within seconds
  local pid=${daemon_pid[$1]} status=0
  wait_until 10 "$2" gone "$pid"
  wait "$pid" || status=$?
  check_equal "$2" 0 "$status"
  unset "daemon_pid[$1]"
}

new_key() {  # new_key NAME...: fills private[NAME] and public[NAME]
  local name
  for name in "$@"; do
    private[$name]=$(wg genkey)
    public[$name]=$(wg pubkey <<<"${private[$name]}")
  done
}

set_up() {  # set_up HOST IF KEY PORT ADDRESS/LENGTH...: key, port, addresses, link up
  local host=$1 interface=$2 key=$3 port=$4
  shift 4
  wg set "$interface" private-key <(echo "${private[$key]}") listen-port "$port"
  address "$host" "$interface" "$@"
  ip -n "$host" link set "$interface" mtu "${MTU:-1420}" up
}

two_bare_hosts() {  # a and b of the topology below, with keys and no tunnel
  host a b
  link a eth0 b eth0 "${LINK_MTU:-1500}"
  address a eth0 192.0.2.1/24 2001:db8::1/64
  address b eth0 192.0.2.2/24 2001:db8::2/64
  new_key a b
}

# The topology of most tests:
#
#   a  192.0.2.1 / 2001:db8::1  ---------------  192.0.2.2 / 2001:db8::2  b
#      wga 10.77.0.1 / fd77::1   (the tunnel)     10.77.0.2 / fd77::2 wgb
#
# Arguments: what runs on a and on b (ringwire or go). join_two makes them each other's peer.
two_hosts() {
  two_bare_hosts
  start a wga "${1:-ringwire}"
  start b wgb "${2:-ringwire}"
  set_up a wga a 51820 10.77.0.1/24 fd77::1/64
  set_up b wgb b 51820 10.77.0.2/24 fd77::2/64
}
join_two() {  # join_two [A_KNOWS_B [B_KNOWS_A]]: endpoints, `-` for none
  local a=${1:-192.0.2.2:51820} b=${2:-192.0.2.1:51820}
  [ "$a" = - ] && a=() || a=(endpoint "$a")
  [ "$b" = - ] && b=() || b=(endpoint "$b")
  wg set wgb peer "${public[a]}" "${b[@]}" allowed-ips 10.77.0.1/32,fd77::1/128
  wg set wga peer "${public[b]}" "${a[@]}" allowed-ips 10.77.0.2/32,fd77::2/128
}

# ---- configuration files -----------------------------------------------------------------------------------------

# cookbook SCENARIO/FILE: puts that file of the cookbook into $work, with the keys of `new_key` in it and next to it.
cookbook() {
  local name keys=(-e "s,/etc/ringwire/,$work/,")
  for name in "${!public[@]}"; do
    (umask 077 && echo "${private[$name]}" >"$work/$name.key")
    keys+=(-e "s,PUBLIC_KEY_OF_${name^^}\\b,${public[$name]},")
  done
  (umask 077 && sed "${keys[@]}" "$e2e_dir/../../docs/cookbook/$1" >"$work/${1##*/}")
}
up() { on "$1" "$RINGWIRE" up "--io=$RINGWIRE_E2E_IO" "${@:2}"; }  # up HOST FILE [OPTION...]
down() { on "$1" "$RINGWIRE" down "$2"; }                          # down HOST IF

# ---- what is seen ------------------------------------------------------------------------------------------------

# answered HOST ADDRESS [PING OPTIONS]: a request is.
answered() {
  local host=$1 to=$2
  shift 2
  tries on "$host" ping -n -q -c 1 -W "$patience" "$@" "$to"
}
# pings HOST ADDRESS [PING OPTIONS]: three requests in a row are answered. Each has a process of its own: one that sends several
# gives the last answer only twice the time that the others took.
pings() {
  local host=$1 to=$2
  shift 2
  # shellcheck disable=SC2016  # expanded by the inner shell
  tries on "$host" sh -c 'for n in 1 2 3; do ping -n -q -c 1 -W "$@" >/dev/null || exit 1; done' pings "$patience" "$@" "$to"
}
# at_once WHAT HOST ADDRESS: after a change, already the first request is answered.
at_once() {
  check "$1" on "$2" ping -n -q -c 1 -W "$patience" "$3"
  check "$1, and from then on" pings "$2" "$3"
}
no_pings() {  # no_pings HOST ADDRESS [PING OPTIONS]: none is answered
  local host=$1 to=$2
  shift 2
  ! on "$host" ping -n -q -c 2 -i 0.2 -W 0.5 "$@" "$to" >/dev/null
}
transfer() { wg show "$1" transfer | awk '{ print $2, $3 }'; }    # received and sent bytes of the only peer
handshake() { wg show "$1" latest-handshakes | awk -v peer="${2:-}" 'peer == "" || $1 == peer { print $2 }'; }
endpoint() { wg show "$1" endpoints | awk '{ print $2 }'; }

# count HOST NAME RULE: counts what RULE of nft matches among the packets that arrive; counted prints the number.
count() {
  on "$1" nft "add table inet seen; add counter inet seen $2;
    add chain inet seen arriving { type filter hook prerouting priority -450; };
    add rule inet seen arriving $3 counter name $2"
}
counted() { on "$1" nft list counter inet seen "$2" | awk '/packets/ { print $2 }'; }

# status IF EXPRESSION: a value of `ringwire show --json`, as a Python expression over `status`.
status() {
  local answer=
  [ -p "$work/answer" ] || start_status_helper
  printf '%s\t%s\0' "$1" "$2" >"$work/ask"
  IFS= read -r -d '' answer <"$work/answer" || true
  [ "${answer:0:1}" = '=' ] || { echo "status of $1: ${answer:1}" >&2; return 1; }
  printf '%s\n' "${answer:1}"
}
start_status_helper() {
  mkfifo "$work/ask" "$work/answer"
  "$RINGWIRE_PYTHON" "$e2e_dir/tools/status.py" "$work/ask" "$work/answer" </dev/null >>"$work/status.log" 2>&1 &
}
drops() { status "$1" "status['drops'].get('$2', 0)"; }
dropped_more() { (($(drops "$1" "$2") > $3)); }
received_more() { local now; read -r now _ < <(transfer "$1"); ((now > $2)); }

verified() { cat "$work/$1.verified"; }                              # bytes of the stream that came back right

listening() { output_has ":$2\\b" on "$1" ss -Hltn; }

# stream NAME HOST_A HOST_B ADDRESS PORT: a byte-verified TCP connection from A to B, running when this returns.
stream() {
  spawn "$3" "$RINGWIRE_PYTHON" "$e2e_dir/tools/stream.py" serve "$4" "$5" >>"$work/$1.log" 2>&1 &
  wait_until 10 "the echo service of $1" listening "$3" "$5"
  spawn "$2" "$RINGWIRE_PYTHON" "$e2e_dir/tools/stream.py" run "$4" "$5" "$work/$1.verified" >>"$work/$1.log" 2>&1 &
  stream_pid[$1]=$!
  wait_until 20 "the first bytes of $1" stream_beyond "$1" 0
}
stream_beyond() { (($(verified "$1") > $2)); }

stream_goes_on() {  # stream_goes_on NAME WHAT [SECONDS]: the same connection moves new bytes
  local before
  alive "${stream_pid[$1]}" || fail "$2: the connection broke"
  before=$(verified "$1")
  wait_until "${3:-30}" "$2" stream_beyond "$1" $((before + 20000))
  echo "ok: $2"
}
stream_ends() {  # stream_ends NAME: every byte that was sent came back
  local status=0
  kill -TERM "${stream_pid[$1]}"
  wait "${stream_pid[$1]}" || status=$?
  check_equal "stream $1: every byte verified, no connection lost" 0 "$status"
  tail -n 1 "$work/$1.log"
}

# ---- the end -----------------------------------------------------------------------------------------------------

# A process that opens no file has opened its report before there is anything to report.
sanitizer_reports() { [ -n "$(find "$work" -maxdepth 1 -name 'sanitizer.*' -size +0)" ]; }

report() {
  local status=$? file
  set +e
  trap - EXIT
  if [ "$status" = 0 ]; then finish_daemons || status=1; fi
  if sanitizer_reports; then echo "FAIL: a sanitizer spoke:" >&2; head -c 6000 "$work"/sanitizer.* >&2; status=1; fi
  if [ "$status" != 0 ] && [ "$status" != 77 ]; then
    for file in "$work"/check.out "$work"/*.log /run/ringwire/*.log; do
      [ -s "$file" ] && { echo "==== the end of ${file##*/}" >&2; tail -n 15 "$file" >&2; }
    done
    timeout 2 wg show >&2
    echo "FAILED: ${0##*/} ($RINGWIRE_E2E_IO)" >&2
  elif [ "$status" = 0 ]; then
    echo "PASSED: ${0##*/} ($RINGWIRE_E2E_IO)"
  fi
  exit "$status"
}

# Every daemon that the test did not end itself must end well and leave nothing.
finish_daemons() {
  local interface
  for interface in "${!daemon_pid[@]}"; do ends_well "$interface" || return 1; done
  if compgen -G '/run/wireguard/*' >/dev/null; then
    ls -l /run/wireguard >&2
    echo "FAIL: control sockets were left behind" >&2
    return 1
  fi
}
trap report EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
