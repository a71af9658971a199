"""A VLAN device in user space, for kernels without one:  python3 -m tests.e2e.lib.tagger LINK VLAN NAME

What is sent to the tap NAME leaves by LINK with a tag; what comes in by LINK with that tag comes out of
the tap without it.
"""

import fcntl
import os
import select
import socket
import struct
import sys

ETH_P_ALL = 3
TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI = 2, 0x1000
SOL_PACKET, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING = 263, 8, 23
TP_STATUS_VLAN_VALID = 1 << 4


def open_tap(name):
    tap = os.open('/dev/net/tun', os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack('16sH22x', name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def open_link(link):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    sock.bind((link, 0))
    return sock


def tag_of(ancillary):
    """The kernel takes tags off and tells them aside."""
    for _, kind, data in ancillary:
        if kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, _ = struct.unpack('IIIHHHH', data)
            return tci & 0xfff if status & TP_STATUS_VLAN_VALID else None
    return None


def main(link, vlan, name):
    tap, sock = open_tap(name), open_link(link)
    while True:
        ready, _, _ = select.select([tap, sock], [], [])
        if tap in ready:
            frame = os.read(tap, 65536)
            sock.send(frame[:12] + struct.pack('!HH', 0x8100, vlan) + frame[12:])
        if sock in ready:
            frame, ancillary, _, _ = sock.recvmsg(65536, 256)
            if tag_of(ancillary) == vlan:
                os.write(tap, frame)


if __name__ == '__main__':
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
