#!/bin/bash
# Makes sure that the image `debian:bookworm-slim` is there: pulled where a registry answers, else made from
# Debian's packages and given that name. The tar that mmdebstrap made is kept in the cache, under a key of
# what it was made from: the suite, the date of its Release file and the text of this script.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

image=debian:bookworm-slim suite=bookworm
pull_seconds=20

if docker image inspect "$image" > /dev/null 2>&1; then
    exit 0
fi

say "base image: trying to pull $image (at most $pull_seconds s)"
if timeout "$pull_seconds" docker pull --quiet "$image" > /dev/null 2>&1; then
    exit 0
fi

say "base image: no registry answers; making $image with mmdebstrap"
need_root "mmdebstrap unpacks packages as root"
apt_install mmdebstrap debian-archive-keyring
release=$(release_date "$suite")
key=$( { echo "$suite $release"; cat "$0"; } | sha256sum | cut -c1-16)
tar=$cache/base-$key.tar
if [ ! -s "$tar" ]; then
    mkdir -p "$cache"
    rm -f "$cache"/base-*.tar
    hooks=$(mktemp -d)
    mkdir "$hooks/dpkg" "$hooks/apt"
    trap 'rm -rf "$hooks" "${tar%.tar}.new.tar"' EXIT
    # What the official slim image leaves out too.
    cat > "$hooks/dpkg/docker-slim" <<'CFG'
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/groff/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/lintian/*
path-exclude=/usr/share/linda/*
path-exclude=/usr/share/locale/*
path-include=/usr/share/locale/locale.alias
path-exclude=/usr/share/man/*
CFG
    cat > "$hooks/apt/docker-slim" <<'CFG'
Acquire::Languages "none";
Apt::AutoRemove::SuggestsImportant "false";
APT::Install-Recommends "false";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
CFG
    SOURCE_DATE_EPOCH=$(date --date "$release" +%s 2> /dev/null || echo 0) \
        mmdebstrap --quiet --variant=minbase --mode=root \
        --dpkgopt="$hooks/dpkg/docker-slim" \
        --customize-hook="copy-in $hooks/apt/docker-slim /etc/apt/apt.conf.d" \
        --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/log/apt "$1"/var/log/dpkg.log "$1"/var/log/bootstrap.log' \
        "$suite" "${tar%.tar}.new.tar" || die "mmdebstrap could not make $image" "see its messages above; are Debian's packages reachable (apt-get update)?"
    mv "${tar%.tar}.new.tar" "$tar"
fi
docker import --change 'CMD ["bash"]' - "$image" < "$tar" > /dev/null
say "base image: $image made ($(du -h "$tar" | cut -f1))"
