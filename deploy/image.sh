#!/usr/bin/env bash
# usage: image.sh BUILD_DIRECTORY FOLDER: makes FOLDER/ringwire-VERSION-image.tar, a container image of a release build, with
# buildah and no daemon. `podman load -i` and `docker load -i` read it. The times in it are the commit's, so that two images of
# one build have the same bytes.
set -euo pipefail
build=$(realpath "${1:?which build?}")
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "${2:?into which folder?}"
folder=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

version=$("$build/ringwire" --version)
version=${version#ringwire }
epoch=$(git -C "$root" log -1 --format=%ct)
rootfs=$work/rootfs

place() {  # place FILE: copies a file of this system, and the links that lead to it, as they are here
  local file target
  file=$(realpath "$(dirname "$1")")/$(basename "$1")
  if [ -e "$rootfs$file" ] || [ -L "$rootfs$file" ]; then return; fi
  mkdir -p "$rootfs$(dirname "$file")"
  cp -a "$file" "$rootfs$file"
  [ -L "$file" ] || return 0
  target=$(readlink "$file")
  [[ $target == /* ]] || target=$(dirname "$file")/$target
  place "$target"
}

# Debian's folders: /lib is a link to /usr/lib.
mkdir -p "$rootfs"/{dev,etc/ringwire,proc,run,sys,tmp,usr/bin,usr/sbin,usr/lib,var/lib/ringwire}
chmod 1777 "$rootfs/tmp" && chmod 700 "$rootfs/var/lib/ringwire"
for name in bin sbin lib; do ln -s usr/$name "$rootfs/$name"; done
[ ! -L /lib64 ] || { mkdir "$rootfs/usr/lib64" && ln -s usr/lib64 "$rootfs/lib64"; }
ln -s ../run "$rootfs/var/run"

install -m 755 "$build/ringwire" "$rootfs/usr/bin/ringwire"
strip "$rootfs/usr/bin/ringwire"
mapfile -t boringssl < <(ldd "$build/ringwire" | awk '$1 ~ /^lib(crypto|ssl)\.so/ { print $3 }')
for library in "${boringssl[@]}"; do install -D -m 644 "$library" "$rootfs/usr/lib/ringwire/$version/${library##*/}"; done
nft=$(command -v nft)
place "$nft"
place /etc/protocols  # nft looks up the names of protocols there

files=("$(realpath "$nft")" "${boringssl[@]}" /etc/protocols)
for library in $(ldd "$build/ringwire" "$nft" | grep -o '/[^ ]*\.so[^ ]*' | grep -vxFf <(printf '%s\n' "${boringssl[@]}") | sort -u); do
  place "$library"
  files+=("$(realpath "$library")")
done

printf 'root:x:0:0:root:/:/sbin/nologin\nringwire-relay:x:990:990::/:/sbin/nologin\nringwire-resolver:x:991:991::/:/sbin/nologin\nringwire-log:x:993:993::/:/sbin/nologin\nringwire-exporter:x:994:994::/:/sbin/nologin\nringwire-portal:x:995:995::/:/sbin/nologin\nringwire-registrar:x:996:996::/:/sbin/nologin\n' \
  >"$rootfs/etc/passwd"
printf 'root:x:0:\nringwire-relay:x:990:\nringwire-resolver:x:991:\nringwire:x:992:ringwire-exporter\nringwire-log:x:993:\nringwire-exporter:x:994:\nringwire-portal:x:995:\nringwire-registrar:x:996:\n' >"$rootfs/etc/group"

# Each part's licence; the packages with exact versions, from which Debian has the sources; and the list of parts.
mapfile -t packages < <(dpkg-query -S "${files[@]}" "${files[@]#/usr}" 2>/dev/null | sed 's/:.*//' | sort -u)
documents=$rootfs/usr/share/doc
for package in "${packages[@]}"; do
  install -D -m 644 "$(realpath "/usr/share/doc/$package/copyright")" "$documents/$package/copyright"
done
mkdir -p "$documents/ringwire"
cat "$root/docs/licences.md" "$root/LICENSE" >"$documents/ringwire/copyright"
{
  echo '# The source packages of what this image contains; `apt-get source NAME=VERSION` gets each of them from Debian.'
  # shellcheck disable=SC2016  # fields of dpkg-query
  dpkg-query -W -f '${source:Package} ${source:Version}\n' "${packages[@]}" | sort -u
} >"$documents/ringwire/sources"
"$root/deploy/sbom.py" --version "$version" --epoch "$epoch" --also "${packages[@]}" >"$documents/ringwire/sbom.spdx.json"
# The texts of common licences, to which Debian's copyright files refer.
mkdir -p "$rootfs/usr/share/common-licenses"
cp /usr/share/common-licenses/{Apache-2.0,GPL-2,GPL-3,LGPL-2.1,LGPL-3} "$rootfs/usr/share/common-licenses/"

cp "$root/deploy/Containerfile" "$work/"
chown -R 0:0 "$rootfs"
storage=(--root "$work/storage" --runroot "$work/runroot" --storage-driver vfs)
buildah "${storage[@]}" build --isolation chroot --format docker --timestamp "$epoch" --build-arg "VERSION=$version" \
  --tag localhost/ringwire:latest -f "$work/Containerfile" "$work" >"$work/log" 2>&1 ||
  { cat "$work/log" >&2; exit 1; }
archive=$folder/ringwire-$version-image.tar
buildah "${storage[@]}" push -q localhost/ringwire:latest "docker-archive:$work/image.tar:localhost/ringwire:latest" >"$work/log" 2>&1 ||
  { cat "$work/log" >&2; exit 1; }
"$root/deploy/reproducible_image.py" "$work/image.tar" "$archive"
size=$(du -sb --apparent-size "$rootfs" | cut -f1)
echo "ringwire: made $archive (localhost/ringwire:latest, $((size / 1000000)) MB)"
