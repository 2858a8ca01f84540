#!/usr/bin/env bash
# usage: completions.sh BINARY FOLDER: what bash offers after some command lines, and whether zsh and fish (where they are installed)
# understand their files. FOLDER holds the completions that the build made.
set -euo pipefail
binary=${1:?which binary?} folder=${2:?which folder?}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

failed=0
fail() { echo "completions.sh: $*" >&2; failed=1; }

# The functions of readline that exist only while it completes.
compopt() { :; }
complete() { :; }
source "$folder/ringwire.bash"

offered() {  # offered WORD...: what bash offers for the last word, as one line
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _ringwire
  echo "${COMPREPLY[*]-}"
}
check() {  # check WHAT EXPECTED WORD...
  local got
  got=$(offered "${@:3}")
  [ "$got" = "$2" ] || fail "$1: after \`${*:3}\` it offers \`$got\` and not \`$2\`"
}

commands=$("$binary" --help | sed -n '/^Subcommands:/,$s/^  \([a-z][a-z-]*\) .*/\1/p')
check "every command" "$(echo $commands)" ringwire ''
for command in $commands; do
  options=$("$binary" "$command" --help | grep -o -- '^  \(-[a-z],\)\?--[a-z-]*' | sed 's/.*--/--/')
  [ "$(offered ringwire "$command" -- | tr ' ' '\n' | tr -d = | sort)" = "$(sort <<<"$options")" ] ||
    fail "ringwire $command: offers other options than its --help shows"
done
check "one option" --dry-run ringwire up --dr
check "an option with a value" --log-format= ringwire run --log-f
check "its values" 'text json' ringwire run --log-format = ''
check "its values behind the sign" json ringwire run --log-format = j
check "its values behind a space" json ringwire run --log-format j
check "nothing for a number" '' ringwire run --workers = ''
check "commands of a command" "$("$binary" user --help | sed -n '/^Subcommands:/,$s/^  \([a-z-]*\) .*/\1/p' | xargs)" ringwire user ''
check "one of them" revoke ringwire user rev
check "its options" --password-file= ringwire user add --pass
check "no command twice" '' ringwire genkey ge
cd "$work"
mkdir folder && touch folder/a.conf office.conf office.txt
check "files of a configuration" office.conf ringwire run office
check "no second one" '' ringwire run folder/a.conf office
check "behind an option with a value" './office.conf' ringwire run --io = epoll ./o
check "files of a command of a command" office.conf ringwire user add office
check "folders" folder ringwire check fold

! command -v zsh >/dev/null || zsh -n "$folder/_ringwire" || fail "zsh does not understand its file"
if command -v fish >/dev/null; then
  fish --no-config -c "source '$folder/ringwire.fish'; complete -C 'ringwire up --dr'" | grep -e --dry-run >/dev/null ||
    fail "fish does not offer --dry-run"
fi
[ $failed = 0 ]
