#!/bin/sh
# Reload (HUP) under connections, and a persistent session whose messages wait for an absent client.
set -eu
. "$(dirname "$0")/../lib/common.sh"
python3 "$lib/mqtt.py" "$LACRE_MOSQUITTO_1883" session 200 &
client=$!
sleep 0.3
kill -HUP "$(container_pid mosquitto)"
wait "$client" || fail "a persistent session lost messages"
python3 "$lib/mqtt.py" "$LACRE_MOSQUITTO_1883" roundtrip lacre/after hello || fail "no message after HUP"
