#!/bin/sh
# Nobody comes in without the password.
set -eu
code=$(curl -sS -m 10 -o /dev/null -w '%{http_code}' "http://$LACRE_APP_8000/")
[ "$code" = 401 ]
curl -fsS -m 10 -H "Password: not a secret: a test's own" "http://$LACRE_APP_8000/" > /dev/null
