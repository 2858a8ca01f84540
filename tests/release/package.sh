#!/usr/bin/env bash
# usage: package.sh BUILD_DIRECTORY FOLDER: what deploy/package.sh left in FOLDER. `./dev package` runs it.
set -euo pipefail
build=$(realpath "${1:?which build?}") folder=$(realpath "${2:?which folder?}")
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

failed=0
fail() { echo "package.sh: $*" >&2; failed=1; }

(cd "$folder" && sha256sum --quiet -c SHA256SUMS) || fail "SHA256SUMS does not fit"
deb=$(echo "$folder"/ringwire_*.deb)
dpkg-deb -x "$deb" "$work/files"

# It starts from where it is unpacked, with the BoringSSL that it brings.
binary=$work/files/usr/bin/ringwire
[ "$("$binary" --version)" = "$("$build/ringwire" --version)" ] || fail "the packed program does not start"
for library in $(ldd "$binary" | awk '$1 ~ /^lib(crypto|ssl)\.so/ { print $3 }'); do
  [ "$(realpath "$library")" = "$(realpath "$work"/files/usr/lib/ringwire/*/"${library##*/}")" ] || fail "it loads $library and not its own BoringSSL"
done

# Nothing from outside of Debian 12 main.
depends=$(dpkg-deb -f "$deb" Depends)
[[ $depends == *nftables* ]] || fail "does not depend on nftables: $depends"
[[ $depends != *boringssl* && $depends != *liburing* ]] || fail "depends on what Debian 12 main has not: $depends"

if command -v lintian >/dev/null; then
  found=$(lintian --allow-root --fail-on none "$deb" 2>&1 | grep '^[EW]:') || :
  [ -z "$found" ] || fail "lintian: $found"
fi

# Two packages of one build have the same bytes.
"$root/deploy/package.sh" "$build" "$work/again" >/dev/null
cmp "$folder/SHA256SUMS" "$work/again/SHA256SUMS" || fail "a second package differs from the first"
[ $failed = 0 ]
