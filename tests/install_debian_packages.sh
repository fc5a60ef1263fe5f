#!/bin/sh
# Installs what the tests need from Debian: a browser and a database server. Does nothing where both are there.
#
# Usage: tests/install_debian_packages.sh
# Needs root or sudo only when something is missing.
set -eu

missing=""
[ -x /usr/bin/chromium ] || missing="$missing chromium"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$missing" ] || exit 0

say() { echo "tests/install_debian_packages.sh: $*" >&2; }

if ! command -v apt-get >/dev/null; then
    say "this is no Debian:$missing not found. Install them so that /usr/bin/chromium and" \
        "/usr/lib/postgresql/*/bin/initdb are there."
    exit 1
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        say "only root may install$missing. Run as root: apt-get install --no-install-recommends$missing"
        exit 1
    fi
    as_root=sudo
fi

say "installing$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -qq update
# shellcheck disable=SC2086  # a list of words
$as_root apt-get -qq install --yes --no-install-recommends $missing >/dev/null
