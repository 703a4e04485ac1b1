"""Ports are published on the address where they are meant to be reached.

Without an address Docker publishes on all of them, `[::]` too, and past the host's own firewall: its rules come
first. A database or an administration port that was meant for the neighbours is then on the internet.

Mend: Write the address: `127.0.0.1:` for a proxy on the same host, the address of the inner network for others.
Services of one project reach each other without any published port.

Example:

    services:
      db:
        ports: ["127.0.0.1:5432:5432"]
"""

import ipaddress
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container, ContainerPort
from lacre.audit.facts.service import Port, Service
from lacre.audit.model import Finding, Severity, Unknown, Word

INNER = {
    "22": "SSH", "111": "portmapper", "389": "LDAP", "445": "SMB", "873": "rsync", "1433": "SQL Server",
    "1521": "Oracle", "2049": "NFS", "2181": "ZooKeeper", "2375": "Docker without TLS", "2376": "Docker",
    "2379": "etcd", "2380": "etcd", "3306": "MySQL", "3389": "remote desktop", "4243": "Docker", "5432": "PostgreSQL",
    "5601": "Kibana", "5672": "AMQP", "5900": "VNC", "5984": "CouchDB", "6379": "Redis", "7474": "Neo4j",
    "7687": "Neo4j", "8086": "InfluxDB", "8123": "ClickHouse", "8500": "Consul", "9000": "administration or ClickHouse",
    "9042": "Cassandra", "9090": "Prometheus", "9092": "Kafka", "9200": "Elasticsearch", "9300": "Elasticsearch",
    "10250": "kubelet", "11211": "Memcached", "15672": "RabbitMQ's administration", "26257": "CockroachDB",
    "27017": "MongoDB", "27018": "MongoDB", "50070": "HDFS", "61616": "ActiveMQ",
}  # fmt: skip
"""Ports that nobody means to have on the internet."""

WEB = frozenset({"80", "443"})
"""Ports of the host that are mostly meant for everybody."""

_EVERYWHERE = "on all addresses"


def service(service: Service) -> Iterator[Word]:
    for port in service.ports:
        if any("${" + name + "}" in port.address for name in port.unset):
            yield Unknown(f"{port.path} depends on ${{{port.unset[0]}}}, which only the environment says")
            continue
        how = _reach(port.address)
        if how:
            yield Finding(
                what=_what(port.target, how),
                place=port.place,
                path=port.path,
                severity=_severity(port, how),
                do=_do(port),
            )


def _reach(address: str) -> str:
    """How widely an address is reached, when that is too wide."""
    if address in ("", "0.0.0.0", "::", "0", "::0", "0:0:0:0:0:0:0:0", "*"):  # noqa: S104 - what is looked for
        return _EVERYWHERE
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if found.is_unspecified:
        return _EVERYWHERE
    return f"on the public address {address}" if found.is_global else ""


def _do(port: Port | ContainerPort) -> str:
    published = f"{port.published}:" if port.published else ""
    return f"bind it to the address that is meant, such as 127.0.0.1:{published or ':'}{port.target}"


def container(container: Container) -> Iterator[Word]:
    for port in container.ports:
        how = _reach(port.address)
        if how:
            yield Finding(
                what=_what(port.target, how),
                path=f"port {port.target}",
                severity=_severity(port, how),
                do=_do(port),
            )


def _what(target: str, how: str) -> str:
    inner = INNER.get(target)
    return f"port {target}{f' ({inner})' if inner else ''} is published {how}"


def _severity(port: Port | ContainerPort, how: str) -> Severity | None:
    if port.target in INNER:
        return Severity.HIGH
    return None if how == _EVERYWHERE and port.published not in WEB else Severity.LOW


CHECK = Check(
    id="LC514",
    name="published-ports",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="5.14",
    peers=(
        "compose-lint:0005",
        "dclint:no-unbound-port-interfaces",
        "DockSec:port bound all",
        "docker-bench:5.14",
    ),
    service=service,
    container=container,
)
