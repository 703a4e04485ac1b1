#!/bin/sh
# Visits are counted and survive the second start.
set -eu
visit() { curl -fsS -m 10 "http://$LACRE_APP_8000/" | sed 's/ .*//'; }
first=$(visit)
[ "$LACRE_PHASE" = first ] || [ "$first" -gt 1 ]
[ "$(visit)" -gt "$first" ]
