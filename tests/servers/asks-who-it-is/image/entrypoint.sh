# Like the entrypoints of many official images: root prepares, then becomes somebody else.
set -eu
if [ "$(id -u)" = 0 ]; then
    printf '%s' "$PASSWORD" > /etc/served/password
    chown served: /etc/served/password
    exec setpriv --reuid served --regid served --clear-groups python3 -u serve.py
fi
exec python3 -u serve.py
