#!/usr/bin/env bash
# usage: package.sh BUILD_DIRECTORY FOLDER: packs a release build into FOLDER: ringwire_VERSION_ARCH.deb, a tarball of the same files,
# the list of parts (SPDX), and SHA256SUMS. The times in them are the commit's, so that two packages of one build have the same bytes.
set -euo pipefail
build=$(realpath "${1:?which build?}")
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "${2:?into which folder?}"
folder=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

version=$("$build/ringwire" --version)
version=${version#ringwire }
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
RINGWIRE_BUILD=$build
RINGWIRE_BORINGSSL=$(ldd "$build/ringwire" | awk '$1 ~ /^lib(crypto|ssl)\.so/ { printf "%s ", $3 }')  # one line: make reads it
export SOURCE_DATE_EPOCH RINGWIRE_BUILD RINGWIRE_BORINGSSL
export LC_ALL=C

source=$work/ringwire-$version
mkdir "$source"
cp -a "$root/deploy/debian" "$source/debian"
cp "$root/CHANGELOG.md" "$source/"
cp "$root/docs/licences.md" "$source/debian/copyright"
maintainer=$(sed -n 's/^Maintainer: //p' "$source/debian/control")
cat >"$source/debian/changelog" <<TEXT
ringwire ($version) bookworm; urgency=medium

  * CHANGELOG.md has the changes of each version.

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
TEXT

(cd "$source" && dpkg-buildpackage -b -d -nc -us -uc) >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
deb=$(cd "$work" && echo ringwire_*.deb)
rm -f "$folder"/ringwire_"$version"_*.deb "$folder/ringwire-$version"-*.tar.gz
cp "$work/$deb" "$folder/"

machine=$(uname -m)
dpkg-deb -x "$work/$deb" "$work/files"
tar -C "$work/files" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -c . |
  gzip -n9 >"$folder/ringwire-$version-$machine.tar.gz"
"$root/deploy/sbom.py" --version "$version" --epoch "$SOURCE_DATE_EPOCH" >"$folder/ringwire-$version.spdx.json"
(cd "$folder" && sha256sum "$deb" "ringwire-$version-$machine.tar.gz" "ringwire-$version.spdx.json" >SHA256SUMS)
echo "ringwire: packed $folder/$deb and ringwire-$version-$machine.tar.gz"
