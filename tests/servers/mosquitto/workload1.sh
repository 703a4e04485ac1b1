#!/bin/sh
# 60 clients, 6000 messages of QoS 1, a message of 5 MB; then the persistence is saved on SIGUSR1.
set -eu
. "$(dirname "$0")/../lib/common.sh"
python3 "$lib/mqtt.py" "$LACRE_MOSQUITTO_1883" crowd 60 100 || fail "messages were lost"
python3 "$lib/mqtt.py" "$LACRE_MOSQUITTO_1883" retain lacre/saved "$(date +%s%N)"
pid=$(container_pid mosquitto)
# The file as the host sees it, since the container need not have any tools.
saved() { stat -c %y "/proc/$pid/root/mosquitto/data/mosquitto.db" 2> /dev/null || echo never; }
before=$(saved)
kill -USR1 "$pid"
tries=0
while [ "$(saved)" = "$before" ]; do
    tries=$((tries + 1))
    [ $tries -lt 50 ] || fail "the persistence file was not saved on SIGUSR1"
    sleep 0.1
done
