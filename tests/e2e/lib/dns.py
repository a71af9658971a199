"""A DNS server for one name:  python3 -m tests.e2e.lib.dns ADDRESS PORT FILE

FILE holds the addresses of every name, one a line, v4 or v6, and is read at each question; an empty
file answers NXDOMAIN.  Answers have a TTL of one second.
"""

import ipaddress
import socket
import struct
import sys

A, AAAA, IN, NXDOMAIN = 1, 28, 1, 3


def answer(question, addresses):
    identity, _, count = struct.unpack('!HHH', question[:6])
    end = question.index(0, 12) + 5
    kind = struct.unpack('!H', question[end - 4:end - 2])[0]
    family = {A: 4, AAAA: 6}.get(kind)
    found = [a for a in addresses if a.version == family]
    records = b''.join(struct.pack('!HHHIH', 0xc00c, kind, IN, 1, len(a.packed)) + a.packed
                       for a in found)
    code = 0 if addresses else NXDOMAIN
    header = struct.pack('!HHHHHH', identity, 0x8580 | code, count, len(found), 0, 0)
    return header + question[12:end] + records


def main():
    host, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, port))
    while True:
        question, peer = sock.recvfrom(4096)
        with open(path, encoding='utf-8') as f:
            addresses = [ipaddress.ip_address(word) for word in f.read().split()]
        try:
            sock.sendto(answer(question, addresses), peer)
        except (ValueError, struct.error):
            continue


if __name__ == '__main__':
    main()
