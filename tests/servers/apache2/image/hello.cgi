#!/bin/sh
# Echoes what it got; a body goes through a temporary file, as CGI scripts often do.
body=$(mktemp)
trap 'rm -f "$body"' EXIT
[ "${CONTENT_LENGTH:-0}" = 0 ] || head -c "$CONTENT_LENGTH" > "$body"
printf 'Content-Type: text/plain\r\n\r\nhello from %s, %s bytes\n' "$SCRIPT_NAME" "$(wc -c < "$body")"
