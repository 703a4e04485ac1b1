#!/bin/sh
# Many visits.
set -eu
for _ in $(seq 20); do
    curl -fsS -m 10 "http://$LACRE_APP_8000/" | grep -q 'the site'
done
