# Sourced by the workloads. They run in the environment of an exercise (LACRE_PROJECT, LACRE_SERVICE, ...).
# shellcheck shell=sh

lib=$(cd "$(dirname "$0")/../lib" && pwd)

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# The container of a service of the project under test.
container() {
    id=$(docker ps -q --no-trunc --filter "label=com.docker.compose.project=$LACRE_PROJECT" \
        --filter "label=com.docker.compose.service=$1" | head -n 1)
    [ -n "$id" ] || fail "no running container of service $1 in project $LACRE_PROJECT"
    echo "$id"
}

# The main process of a service as the host sees it. Signals go there and not by `docker kill`, which
# disarms the restart policy.
container_pid() {
    docker inspect -f '{{.State.Pid}}' "$(container "$1")"
}
