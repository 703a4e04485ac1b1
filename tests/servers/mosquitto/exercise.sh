#!/bin/sh
# A message to a subscriber, and a retained one that must still be there at the second start.
set -eu
mqtt() { python3 "$(dirname "$0")/../lib/mqtt.py" "$LACRE_MOSQUITTO_1883" "$@"; }
if [ "$LACRE_PHASE" = second ]; then
    [ "$(mqtt read lacre/kept)" = 'a retained message' ]
fi
mqtt roundtrip lacre/news hello
mqtt retain lacre/kept 'a retained message'
[ "$(mqtt read lacre/kept)" = 'a retained message' ]
