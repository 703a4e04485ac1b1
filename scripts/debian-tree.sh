#!/bin/bash
# A Debian system as a directory, for the test grounds:  debian-tree.sh NAME SUITE PACKAGE...  prints its path.
# It is kept in the cache under a key of the suite, the date of its Release file and the packages; older trees of
# the same name are removed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

name=$1 suite=$2
shift 2
need_root "mmdebstrap unpacks packages as root"
key=$(printf '%s\n' "$suite" "$(release_date "$suite")" "$(printf '%s\n' "$@" | sort)" | sha256sum | cut -c1-16)
tree=$cache/$name-$key
if [ ! -d "$tree" ]; then
    say "$name: making a Debian $suite tree with mmdebstrap (a minute)"
    mkdir -p "$cache"
    rm -rf --one-file-system "$cache/$name"-????????????????
    trap 'rm -rf --one-file-system "$tree.new"' EXIT
    packages=$(IFS=,; echo "$*")
    mmdebstrap --quiet --variant=minbase --mode=root --include="$packages" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin' \
        "$suite" "$tree.new" > "$(log "tree-$name")" 2>&1 ||
        die "mmdebstrap could not make $name: $(first_error "tree-$name")" "all of its output is in $(log "tree-$name")"
    mv "$tree.new" "$tree"
fi
echo "$tree"
