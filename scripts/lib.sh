# Sourced by the scripts beside it.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Slow things that are the same for every checkout (base image, engines, virtual machine) are kept outside
# of it, under a key of what they are made from; a fresh clone in CI finds them again. See docs/decisions/0020.
cache=${LACRE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lacre-test}

say() {
    printf '==> %s\n' "$*" >&2
}

# die WHAT [WHAT TO DO]
die() {
    printf 'error: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '       %s\n' "$2" >&2
    exit 1
}

need_root() {
    [ "$(id -u)" = 0 ] || die "not root: $1" "run it again as root"
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

# apt_install PACKAGE...: only what is missing; the package lists are fetched once a day at most.
apt_install() {
    local package missing=()
    for package in "$@"; do
        [[ " ${missing[*]} " == *" $package "* ]] || is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get > /dev/null || die "apt-get is not there, and these packages are missing: ${missing[*]}" \
        "this set-up knows Debian 12 and 13; elsewhere install them by hand"
    need_root "these packages must be installed: ${missing[*]}"
    say "apt: installing ${missing[*]}"
    local stamp=/var/lib/apt/periodic/lacre-update
    if [ -z "$(find "$stamp" -mtime -1 2> /dev/null)" ]; then
        apt-get update -qq > /dev/null 2> "$(log apt-update)" ||
            die "apt-get update failed: $(tail -n 1 "$(log apt-update)")" "is there a network, and are /etc/apt/sources.list* right?"
        mkdir -p "${stamp%/*}" && touch "$stamp"
    fi
    DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" > "$(log apt-install)" 2>&1 < /dev/null ||
        die "apt-get could not install ${missing[*]}: $(first_error apt-install)" \
            "all of its output is in $(log apt-install)"
}

# The file that a step logs to.
log() {
    mkdir -p "$cache/log"
    echo "$cache/log/$1.log"
}

# The line of a step's log that says most: the first that names an error, else the last.
first_error() {
    grep -m 1 -E '(Error|ERROR|error|E): ' "$(log "$1")" || tail -n 1 "$(log "$1")"
}

# The date of a Debian suite's Release file, from the archive that apt uses here; "unknown" without a network.
release_date() {
    local site file
    site=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2> /dev/null | head -n 1)
    file=$(mktemp)
    if [ -n "$site" ] && /usr/lib/apt/apt-helper download-file "${site%/}/dists/$1/InRelease" "$file" > /dev/null 2>&1; then
        sed -n 's/^Date: //p' "$file" | head -n 1
    else
        echo unknown
    fi
    rm -f "$file"
}
