"""A client of MariaDB that counts what it receives: texts of one or more statements, prepared statements, vanishing."""

import socket, struct

PROTOCOL_41, DATABASE, TRANSACTIONS, SECURE, MULTI_STATEMENTS, MULTI_RESULTS, PLUGIN = 0x200, 0x8, 0x2000, 0x8000, 0x10000, 0x20000, 0x80000
MORE_RESULTS = 0x8


class Refused(Exception):
    """An error that the server reported."""


class Client:
    def __init__(self, port, user, database="corebank"):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.stream = self.socket.makefile("rb")
        self.rows = 0
        greeting = self.packet()
        version_end = greeting.index(b"\0", 1)
        self.connection = struct.unpack("<I", greeting[version_end + 1 : version_end + 5])[0]
        flags = PROTOCOL_41 | 1 | DATABASE | TRANSACTIONS | SECURE | MULTI_STATEMENTS | MULTI_RESULTS | PLUGIN
        answer = struct.pack("<IIB23x", flags, 1 << 24, 45) + user.encode() + b"\0\0" + database.encode() + b"\0mysql_native_password\0"
        self.send(answer, 1)
        reply = self.packet()
        if reply[:1] == b"\xfe":
            self.send(b"", self.sequence + 1)
            reply = self.packet()
        self.check(reply)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            self.send(b"\x01", 0)
        except OSError:
            pass
        self.stream.close()
        self.socket.close()

    def vanish(self):
        """Drops the connection as a killed client does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.stream.close()
        self.socket.close()

    def send(self, body, sequence):
        self.socket.sendall(struct.pack("<I", len(body))[:3] + bytes([sequence]) + body)

    def packet(self):
        head = self.stream.read(4)
        if len(head) < 4:
            raise Refused("the server closed the connection")
        self.sequence = head[3]
        return self.stream.read(int.from_bytes(head[:3], "little"))

    @staticmethod
    def check(packet):
        if packet[:1] == b"\xff":
            raise Refused(packet[9:].decode(errors="replace"))
        return packet

    @staticmethod
    def integer(packet, at):
        first = packet[at]
        size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(first, 0)
        return (int.from_bytes(packet[at + 1 : at + 1 + size], "little"), at + 1 + size) if size else (first, at + 1)

    def result(self, most):
        """One result; its status. Stops after so many rows."""
        packet = self.check(self.packet())
        if packet[:1] == b"\0":
            _, at = self.integer(packet, 1)
            _, at = self.integer(packet, at)
            return struct.unpack("<H", packet[at : at + 2])[0]
        for _ in range(self.integer(packet, 0)[0] + 1):
            self.packet()
        while True:
            packet = self.check(self.packet())
            if packet[:1] == b"\xfe" and len(packet) < 9:
                return struct.unpack("<H", packet[3:5])[0]
            self.rows += 1
            if self.rows == most:
                return 0

    def results(self, most=None):
        self.rows = 0
        while self.result(most) & MORE_RESULTS:
            pass
        return self.rows

    def query(self, text, most=None):
        self.send(b"\x03" + text.encode(), 0)
        return self.results(most)

    def prepare(self, text):
        """A statement with one number as its value."""
        self.send(b"\x16" + text.encode(), 0)
        statement, columns, values = struct.unpack("<IHH", self.check(self.packet())[1:9])
        for count in (values, columns):
            for _ in range(count + 1 if count else 0):
                self.packet()
        return statement

    def execute(self, statement, value):
        self.send(b"\x17" + struct.pack("<IBIBBHq", statement, 0, 1, 0, 1, 8, value), 0)
        return self.results()
