#!/usr/bin/env bash
# One system call of `ringwire run` fails at a time (tests/faults): no crash, nothing left, nothing half in force, a line for each.
# A test run tries a few; `./dev faults` tries as many as it is asked to.
#
#   a 192.0.2.1, 10.77.0.1 (the tunnel) ------- 10.77.0.2, 192.0.2.2 b
source "$(dirname "$0")/lib.sh"
command -v cc >/dev/null || skip "a C compiler, for the numbers of system calls"

# Name servers are a file of the system; the test has its own.
cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc
rm -f /etc/resolv.conf && echo 'nameserver 192.0.2.53' >/etc/resolv.conf
two_bare_hosts
new_key c d
LOG_LEVEL=error start b wgb
set_up b wgb b 51820 10.77.0.2/24
wg set wgb peer "${public[a]}" endpoint 192.0.2.1:51820 allowed-ips 10.77.0.1/32
printf '{"a": "%s", "b public": "%s", "c public": "%s", "d public": "%s"}' "${private[a]}" "${public[b]}" "${public[c]}" \
  "${public[d]}" >"$work/keys.json"
[ $# != 0 ] || set -- --small
say "faults"
FAULTS_WORK=$work PYTHONDONTWRITEBYTECODE=1 "$RINGWIRE_PYTHON" "$e2e_dir/../faults/faults.py" "$@"
