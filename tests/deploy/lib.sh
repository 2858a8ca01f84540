# shellcheck shell=bash
# What the tests of `./dev test-deploy` start with. Each gets the folder of a release build and the folder of its package and
# image; it prints `ok: ...` lines and `NOT RUN: ...` for what this machine cannot do, and exits with 1 at the first failure.
set -euo pipefail

deploy_build=$(realpath "${1:?which build?}") deploy_made=$(realpath "${2:?which folder of packages?}")
deploy_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
patience=$((60 * ${RINGWIRE_SLOWNESS:-1}))
work=$(mktemp -d /var/tmp/ringwire-deploy.XXXXXX)

say() { echo "-- $*"; }
fail() { echo "FAIL: $*" >&2; exit 1; }
not_run() { echo "NOT RUN: $*"; }

check() {  # check WHAT COMMAND...: the command must succeed
  local what=$1
  shift
  "$@" >"$work/check.out" 2>&1 || { cat "$work/check.out" >&2; fail "$what  [$*]"; }
  echo "ok: $what"
}
check_equal() {  # check_equal WHAT WANTED GOT
  [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
  echo "ok: $1"
}
wait_until() {  # wait_until WHAT COMMAND...: polls until the command succeeds
  local what=$1 deadline=$((SECONDS + patience))
  shift
  until "$@" >"$work/wait.out" 2>&1; do
    ((SECONDS < deadline)) || { cat "$work/wait.out" >&2; fail "waited in vain: $what  [$*]"; }
    read -r -t 0.1 _ <>"$work/never" || true
  done
}
mkfifo "$work/never"  # nobody writes to it: a pause without a process

# fresh_system SUITE FOLDER [PACKAGE,...]: unpacks a minimal Debian, from the mirror that apt uses here. Systems are kept for a week beside
# the package, as making one takes minutes.
fresh_system() {
  local archive=$deploy_made/systems/$1${3:+-$3}.tar keyring=/usr/share/keyrings/debian-archive-keyring.gpg mirror
  if [ -z "$(find "$archive" -mtime -7 2>/dev/null)" ]; then
    mkdir -p "${archive%/*}"
    mirror=$("$deploy_root/scripts/setup.sh" --print-mirror)
    mmdebstrap --format=tar --variant=minbase --mode=root ${3:+--include="$3"} "$1" "$archive.new" "deb [signed-by=$keyring] $mirror $1 main" \
      >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "cannot make a system of $1 from apt's mirror"; }
    mv "$archive.new" "$archive"
  fi
  mkdir -p "$2"
  tar -C "$2" --numeric-owner -xf "$archive"
}

# docker_profile FILE: docker's default seccomp profile, from Debian 13's source package of docker. False: it cannot be had.
docker_profile() {
  local kept=$deploy_made/systems/docker-seccomp.json folder=$work/docker mirror archive
  if [ ! -s "$kept" ]; then
    mkdir -p "$folder/lists/partial" "${kept%/*}"
    mirror=$("$deploy_root/scripts/setup.sh" --print-mirror)
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$folder/sources.list"
    local apt=(apt-get -q -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=/dev/null
      -o "Dir::State::lists=$folder/lists" -o APT::Sandbox::User=root)
    # The source's name is that of the package; only the archive with the engine is of use, whatever else cannot be fetched.
    "${apt[@]}" update >"$work/log" 2>&1 || return 1
    (cd "$folder" && "${apt[@]}" source --download-only "$(printf 'docker.%s' io)") >"$work/log" 2>&1 || true
    archive=$(find "$folder" -name 'docker*.orig.tar.*')
    [ -n "$archive" ] || return 1
    tar -C "$folder" --wildcards -xf "$archive" '*/engine/profiles/seccomp/default.json' || return 1
    cp "$folder"/*/engine/profiles/seccomp/default.json "$kept"
  fi
  cp "$kept" "$1"
}
