"""A small MQTT 3.1.1 client: `mqtt.py HOST:PORT roundtrip|retain|read|crowd|session ...`."""

from __future__ import annotations

import socket
import sys
import threading

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, DISCONNECT = 1, 2, 3, 4, 8, 9, 14


def text(value: str) -> bytes:
    return len(value.encode()).to_bytes(2, "big") + value.encode()


class Mqtt:
    """One connection."""

    def __init__(self, address: str, client: str, clean: bool = True, timeout: float = 20) -> None:
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.answers = self.socket.makefile("rb")
        self.number = 0
        flags = 2 if clean else 0
        self.send(CONNECT, 0, text("MQTT") + bytes([4, flags, 0, 60]) + text(client))
        self.expect(CONNACK)

    def send(self, kind: int, flags: int, body: bytes) -> None:
        left, length = len(body), bytearray()
        while True:
            left, digit = divmod(left, 128)
            length.append(digit | (0x80 if left else 0))
            if not left:
                break
        self.socket.sendall(bytes([kind << 4 | flags]) + bytes(length) + body)

    def receive(self) -> tuple[int, int, bytes]:
        first = self.answers.read(1)
        if not first:
            sys.exit("the broker closed the connection")
        length = shift = 0
        while True:
            digit = self.answers.read(1)[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80:
                break
        return first[0] >> 4, first[0] & 15, self.answers.read(length)

    def expect(self, kind: int) -> bytes:
        while True:
            got, flags, body = self.receive()
            if got == kind:
                return body
            if got == PUBLISH:
                self.acknowledge(flags, body)

    def acknowledge(self, flags: int, body: bytes) -> bytes:
        """The message of a PUBLISH, acknowledged if it asks for it."""
        end = 2 + int.from_bytes(body[:2], "big")
        if flags & 6:
            self.send(PUBACK, 0, body[end : end + 2])
            end += 2
        return body[end:]

    def subscribe(self, topic: str, qos: int = 0) -> None:
        self.number += 1
        self.send(SUBSCRIBE, 2, self.number.to_bytes(2, "big") + text(topic) + bytes([qos]))
        self.expect(SUBACK)

    def publish(self, topic: str, message: bytes, qos: int = 0, retain: bool = False) -> None:
        self.number = self.number % 60000 + 1
        identifier = self.number.to_bytes(2, "big") if qos else b""
        self.send(PUBLISH, qos << 1 | int(retain), text(topic) + identifier + message)
        if qos:
            self.expect(PUBACK)

    def message(self) -> bytes:
        while True:
            kind, flags, body = self.receive()
            if kind == PUBLISH:
                return self.acknowledge(flags, body)

    def close(self) -> None:
        self.send(DISCONNECT, 0, b"")
        self.socket.close()


def crowd(address: str, clients: int, messages: int) -> None:
    """Each client publishes; one subscriber must get all of it, then a message of 5 MB."""
    listener = Mqtt(address, "listener", timeout=60)
    listener.subscribe("crowd/#", 1)

    def talk(number: int) -> None:
        client = Mqtt(address, f"crowd{number}")
        for n in range(messages):
            client.publish(f"crowd/{number}", b"%d" % n, qos=1)
        client.close()

    threads = [threading.Thread(target=talk, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for _ in range(clients * messages):
        listener.message()
    for thread in threads:
        thread.join()
    large = b"m" * 5_000_000
    Mqtt(address, "large").publish("crowd/large", large, qos=1)
    if listener.message() != large:
        sys.exit("the large message came through changed")


def session(address: str, messages: int) -> None:
    """Messages for a client that is away wait for it."""
    away = Mqtt(address, "away", clean=False)
    away.subscribe("session/#", 1)
    away.close()
    sender = Mqtt(address, "sender")
    for n in range(messages // 2):
        sender.publish("session/x", b"%d" % n, qos=1)
    # mosquitto keeps 1000 by default; the number stays below it.
    threading.Event().wait(1)
    for n in range(messages // 2, messages):
        sender.publish("session/x", b"%d" % n, qos=1)
    back = Mqtt(address, "away", clean=False)
    for n in range(messages):
        if back.message() != b"%d" % n:
            sys.exit(f"message {n} is missing or out of order")
    back.close()
    Mqtt(address, "away").close()


def main(address: str, command: str, *arguments: str) -> None:
    match command:
        case "roundtrip":
            listener = Mqtt(address, "listener")
            listener.subscribe(arguments[0])
            Mqtt(address, "sender").publish(arguments[0], arguments[1].encode(), qos=1)
            if listener.message() != arguments[1].encode():
                sys.exit("another message came back")
        case "retain":
            Mqtt(address, "sender").publish(arguments[0], arguments[1].encode(), qos=1, retain=True)
        case "read":
            listener = Mqtt(address, "reader", timeout=5)
            listener.subscribe(arguments[0])
            try:
                print(listener.message().decode())
            except TimeoutError:
                sys.exit(f"no retained message on {arguments[0]}")
        case "crowd":
            crowd(address, int(arguments[0]), int(arguments[1]))
        case "session":
            session(address, int(arguments[0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
