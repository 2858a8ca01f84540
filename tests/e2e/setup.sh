#!/usr/bin/env bash
# `ringwire setup`: four questions, a configuration that passes `check` and starts, and nothing that exists is overwritten.
#
#   a 192.0.2.1 ------ 192.0.2.2 b (a client)
source "$(dirname "$0")/lib.sh"

cp -a /etc "$work/etc" && mount --bind "$work/etc" /etc && rm -rf /etc/ringwire /etc/wireguard
two_bare_hosts
# set_up_by ANSWERS [OPTIONS...]: the answers on standard input
set_up_by() { printf '%b' "$1" | on a "$RINGWIRE" setup "${@:2}" >"$work/said" 2>"$work/asked"; }
says() { grep -qE -- "$1" "$work/said" "$work/asked"; }

say "four questions"
check "all defaults" set_up_by '\n\n\n\n'
check_equal "each is asked once" 4 "$(grep -oE '\]: ' "$work/asked" | wc -l)"
check "it says what comes next" says 'ringwire up wg0'
check "the file passes" on a "$RINGWIRE" check wg0
check_equal "nobody else reads it" '600 600 700' "$(stat -c %a /etc/ringwire/wg0.conf /etc/ringwire/wg0.key /etc/ringwire | tr '\n' ' ' | sed 's/ $//')"
check "its key is one" "$RINGWIRE" pubkey </etc/ringwire/wg0.key
ip -n a route add default via 192.0.2.2
check "doctor finds no fault" on a "$RINGWIRE" doctor wg0
check "it starts" up a wg0
check "and takes a client" eval 'on a "$RINGWIRE" add-peer --endpoint 192.0.2.1 wg0 phone >"$work/wgb.conf" && chmod 600 "$work/wgb.conf"'
check "who connects" up b "$work/wgb.conf"
check "and reaches it" pings b 10.77.0.1
down b wgb
down a wg0

say "nothing is overwritten"
before=$(cat /etc/ringwire/wg0.conf /etc/ringwire/wg0.key | sha256sum)
check_fails "a second time" set_up_by '\n\n\n\n'
check "it says what to do" says 'wg0.conf exists; choose another --name'
check_equal "all is as before" "$before" "$(cat /etc/ringwire/wg0.conf /etc/ringwire/wg0.key | sha256sum)"
mkdir -p /etc/wireguard && : >/etc/wireguard/old.conf
check_fails "nor is a file of wg-quick put aside" set_up_by '' --defaults --name=old
ln -s /etc/shadow /etc/ringwire/link.key
check_fails "nor is a link followed" set_up_by '' --defaults --name=link
check_equal "and no half remains" 'link.key wg0.conf wg0.key' "$(ls /etc/ringwire | tr '\n' ' ' | sed 's/ $//')"

say "answers"
check "other answers, one of them wrong at first" set_up_by 'office\nx\n4500\n10.9.0.1/24\nno\n'
check "what was wrong is said" says 'x. is no port'
check_equal "they are in the file" 'ListenPort = 4500|Address = 10.9.0.1/24' "$(grep -E '^(ListenPort|Address)' /etc/ringwire/office.conf | tr '\n' '|' | sed 's/|$//')"
check_fails "no forwarding" grep -q Gateway /etc/ringwire/office.conf
check "it passes" on a "$RINGWIRE" check office
check_fails "an end before the answers" set_up_by 'branch\n'
check "is said" says 'the input ended before an answer; give --port'
check "nothing is written" test ! -e /etc/ringwire/branch.conf -a ! -e /etc/ringwire/branch.key

say "for scripts"
check "by options alone" set_up_by '' --name=site --port=51821 --address=10.8.0.1/24 --internet=no
check_fails "it asks nothing" says '\]: '
check "by defaults" set_up_by '' --defaults --name=rest
check_fails "a wrong option is an error" set_up_by '' --defaults --name=wrong --port=0
check_fails "and writes nothing" test -e /etc/ringwire/wrong.conf -o -e /etc/ringwire/wrong.key
ip -n a address add 10.77.0.9/24 dev eth0
check "a host that has the usual network" set_up_by '' --defaults --name=other
check "gets another one" grep -q '^Address = 10.78.0.1/24, fd' /etc/ringwire/other.conf
