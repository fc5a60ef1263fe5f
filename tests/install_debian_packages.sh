#!/bin/sh
# Installs what the tests need from Debian: a browser, a database server, Node and curl. Does nothing where all are
# there.
#
# Usage: tests/install_debian_packages.sh
# Needs root or sudo only when something is missing.
set -eu

say() { echo "tests/install_debian_packages.sh: $*" >&2; }

# The packages whose programs are not there, each after a space.
missing() {
    [ -x /usr/bin/chromium ] || printf ' chromium'
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || printf ' postgresql'
    command -v node >/dev/null || printf ' nodejs'
    command -v curl >/dev/null || printf ' curl'
}

places="/usr/bin/chromium, /usr/lib/postgresql/*/bin/initdb, and node and curl in PATH"
missing=$(missing)
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    say "this is no Debian:$missing not found. Install them so that these are there: $places."
    exit 1
fi

by_hand="Run as root: apt-get update && apt-get install --no-install-recommends$missing"
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        say "only root may install$missing. $by_hand"
        exit 1
    fi
    as_root=sudo
fi

apt() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"; }

say "installing$missing"
# shellcheck disable=SC2086  # a list of words
{ apt update && apt install --yes --no-install-recommends $missing >/dev/null; } ||
    { say "could not install$missing. $by_hand"; exit 1; }

left=$(missing)
[ -z "$left" ] || { say "installed, but not found:$left. See that these are there: $places."; exit 1; }
