# Sourced by the insides of further engines, in a network namespace of their own: join_network NETWORK waits until the
# other side (engine26.py) has put our end of the link here, and joins it.
join_network() {
    local network=$1
    echo unshared
    read -r _
    ip link set lo up
    ip address add "$network.255.254/30" dev up0
    ip link set up0 up
    echo 1 > /proc/sys/net/ipv4/ip_forward
    # As on an engine's own host, the host reaches every container, those of internal networks as well, and from an
    # address that they can answer: the bridge's. Docker keeps what it finds in DOCKER-USER.
    iptables -N DOCKER-USER
    iptables -A DOCKER-USER -i up0 -j ACCEPT
    iptables -A DOCKER-USER -o up0 -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
    iptables -A DOCKER-USER -j RETURN
    iptables -t nat -A POSTROUTING -s "$network.255.253/32" ! -o up0 -j MASQUERADE
}
