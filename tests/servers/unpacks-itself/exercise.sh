#!/bin/sh
set -eu
curl -fsS -m 10 "http://$LACRE_APP_8000/" | grep -q 'the site'
