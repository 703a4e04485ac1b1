#!/bin/sh
# 60 clients, 6000 messages of QoS 1, a message of 5 MB; then the persistence is saved on SIGUSR1.
set -eu
. "$(dirname "$0")/../lib/common.sh"
python3 "$lib/mqtt.py" "$LACRE_MOSQUITTO_1883" crowd 60 100 || fail "messages were lost"
kill -USR1 "$(container_pid mosquitto)"
sleep 1
[ "$(docker exec "$(container mosquitto)" stat -c %s /mosquitto/data/mosquitto.db)" -gt 1000 ] ||
    fail "the persistence file was not saved on SIGUSR1"
