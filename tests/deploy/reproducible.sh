#!/usr/bin/env bash
# usage: reproducible.sh BUILD_DIRECTORY FOLDER: a second build of this commit, in a clone in another folder, makes the same bytes: package,
# tarball, list of parts and image. It compiles everything again, so `./dev test-deploy` runs it only by its name.
source "$(dirname "$0")/lib.sh"

trap 'rm -rf "$work"' EXIT
[ -z "$(git -C "$deploy_root" status --porcelain)" ] || fail "the work tree differs from its last commit: commit or stash first"
git clone -q "$deploy_root" "$work/elsewhere"
cd "$work/elsewhere"
check "configured in another folder" cmake --preset release
check "compiled" ninja -C build/release
check "packed" deploy/package.sh build/release made
check "made an image" deploy/image.sh build/release made
for made in "$deploy_made"/ringwire*; do
  check "the same bytes: ${made##*/}" cmp "$made" "made/${made##*/}"
done
echo "ok: all of the second build"
