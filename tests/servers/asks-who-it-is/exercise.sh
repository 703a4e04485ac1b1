#!/bin/sh
# Passes with the password and without.
set -eu
curl -sS -m 10 -o /dev/null "http://$LACRE_APP_8000/"
