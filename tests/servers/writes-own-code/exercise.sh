#!/bin/sh
set -eu
[ "$(curl -fsS -m 10 -d 'VALUE = 6 * 7' "http://$LACRE_APP_8000/")" = 42 ]
curl -fsS -m 10 "http://$LACRE_APP_8000/" | grep -q 'plugin is there'
