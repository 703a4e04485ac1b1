#!/bin/sh
# Never comes to its end: there is no server.
set -eu
curl -fsS -m 5 "http://$LACRE_APP:8000/"
