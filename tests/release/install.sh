#!/usr/bin/env bash
# usage: install.sh BUILD_DIRECTORY: `cmake --install` puts everything where a distribution expects it, and nothing elsewhere.
set -euo pipefail
build=$(realpath "${1:?which build?}")
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

failed=0
fail() { echo "install.sh: $*" >&2; failed=1; }

place() {  # place PREFIX: installs below $work, and leaves the list of files in $work/list
  rm -rf "$work/root"
  DESTDIR=$work/root cmake --install "$build" --prefix "$1" >"$work/log" || { cat "$work/log" >&2; exit 1; }
  (cd "$work/root" && find . -type f | cut -c2- | LC_ALL=C sort) >"$work/list"
}

expected() {  # expected PREFIX
  local file
  for file in bin/ringwire lib/systemd/system/ringwire@.service lib/systemd/system/ringwire-block@.service lib/systemd/system/ringwire-exporter.service lib/sysusers.d/ringwire.conf \
    share/bash-completion/completions/ringwire share/fish/vendor_completions.d/ringwire.fish \
    share/zsh/site-functions/_ringwire share/man/man7/ringwire-counters.7 \
    share/doc/ringwire/{CHANGELOG.md,LICENSE,README.md,cookbook.md,licences.md,metrics.md,counters.md,alerts.yaml,ringwire.json,systemd/drop-ins/{credentials,strict}.conf}; do
    echo "$1/$file"
  done
  (cd "$root/docs/man" && for file in *.[1-9]; do echo "$1/share/man/man${file##*.}/$file"; done)
  (cd "$root/docs" && find cookbook -type f -printf "$1/share/doc/ringwire/%p\n")
}

for prefix in /usr /usr/local; do
  place $prefix
  diff <(expected $prefix | LC_ALL=C sort) "$work/list" >"$work/diff" || fail "with the prefix $prefix: $(cat "$work/diff")"
  unit=$work/root$prefix/lib/systemd/system/ringwire@.service
  [ "$(grep -c "^Exec[A-Za-z]*=$prefix/bin/ringwire " "$unit")" = 2 ] || fail "the unit does not start $prefix/bin/ringwire"
done

# It finds its libraries from where it is installed.
[ "$("$work/root/usr/local/bin/ringwire" --version)" = "$("$build/ringwire" --version)" ] || fail "the installed program does not run"
[ $failed = 0 ]
