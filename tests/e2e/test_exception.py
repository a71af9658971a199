"""Exception ports: a kernel with the gateway's own MAC and addresses, behind its port.

Server and client programs in the gateway's namespace speak through the interfaces foil-x0 and foil-x1
with hosts on the wires, while the gateway serves HTTP on the same addresses.
"""

import hashlib
import os
import re
import socket
import struct
import subprocess
import threading

from tests.e2e.lib import config as bootstrap
from tests.e2e.lib.origin import pattern, pattern_digest
from tests.e2e.lib.points import limit, run
from tests.e2e.lib.world import (CLIENT4, CLIENT6, FRONT4, FRONT6, ORIGIN4, program, sh, until)

BYTES = 8000000
SSH = 2222
ARP = 0x0806
HOSTS = ((FRONT4, CLIENT4), (FRONT6, CLIENT6))


def ports(**exception):
    made = bootstrap.ports()
    for i, port in enumerate(made):
        port['exception'] = {'tap': {'interface': f'foil-x{i}'}, 'packets_per_second': 100000,
                             **exception}
    return made


def prepare(world):
    world.origin()
    world.start_gateway(bootstrap.default(world, hydrofoil={'workers': 2, 'ports': ports()}))


def family(host):
    return socket.AF_INET6 if ':' in host else socket.AF_INET


def read_all(sock):
    digest, count = hashlib.sha256(), 0
    while piece := sock.recv(1 << 18):
        digest.update(piece)
        count += len(piece)
    return digest.hexdigest(), count


class Server:
    """Accepts one connection in a namespace: takes bytes to their end while it sends the pattern."""

    def __init__(self, world, name, host, port):
        with world.inside(name):
            self.listening = socket.create_server((host, port), family=family(host))
        self.listening.settimeout(40)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.taken = self.peer = None
        self.thread.start()

    def serve(self):
        sock, self.peer = self.listening.accept()
        sock.settimeout(40)
        sender = threading.Thread(target=send_pattern, args=(sock,), daemon=True)
        sender.start()
        self.taken = read_all(sock)
        sender.join(40)
        sock.close()

    def end(self):
        self.thread.join(40)
        self.listening.close()
        return self.taken


def send_pattern(sock):
    for piece in pattern(BYTES):
        sock.sendall(piece)
    sock.shutdown(socket.SHUT_WR)


def talk(world, name, source, host, port):
    """Megabytes both ways at once on a connection from this namespace; what came back."""
    with world.inside(name):
        sock = socket.socket(family(host))
        sock.settimeout(40)
        sock.bind((source, 0))
        sock.connect((host, port))
    sender = threading.Thread(target=send_pattern, args=(sock,), daemon=True)
    sender.start()
    back = read_all(sock)
    sender.join(40)
    sock.close()
    return back


def metric(world, name):
    """Sum of a counter of the ports."""
    text = world.admin('/stats/prometheus')[1]
    return sum(int(n) for n in re.findall(rf'^hydrofoil_port_{name}_total{{port="\w+"}} (\d+)$', text,
                                          re.MULTILINE))


def dropped(world, reason):
    found = re.search(rf'^hydrofoil_drops_total{{reason="{reason}"}} (\d+)$',
                      world.admin('/stats/prometheus')[1], re.MULTILINE)
    return int(found.group(1)) if found else 0


def serves(world, host=FRONT4):
    url = f'http://[{host}]/direct' if ':' in host else f'http://{host}/direct'
    assert world.curl(url).stdout == 'from the gateway\n'


def test_the_interface_has_mac_mtu_and_addresses(world):
    shown = world.call('gateway', ['ip', 'addr', 'show', 'foil-x0']).stdout
    for part in ('02:00:00:00:01:01', 'mtu 1500', f'{FRONT4}/24', f'{FRONT6}/64', 'UP'):
        assert part in shown, shown


@limit(100)
def test_a_session_of_the_kernel_beside_the_gateways_requests(world):
    expected = (pattern_digest(BYTES), BYTES)
    for host, client in HOSTS:
        server = Server(world, 'gateway', host, SSH)
        with world.inside('client'):
            load = subprocess.Popen(['wrk', '-t1', '-c8', '-d2s', f'http://{FRONT4}/direct'], text=True,
                                    stdout=subprocess.PIPE)
        back = talk(world, 'client', client, host, SSH)
        assert (back, server.end()) == (expected, expected)
        told = load.communicate(timeout=40)[0]
        assert 'Requests/sec' in told and 'Socket errors' not in told, told
        serves(world, host)


@limit(100)
def test_a_connection_that_the_kernel_opens(world):
    expected = (pattern_digest(BYTES), BYTES)
    for host, client in HOSTS:
        server = Server(world, 'client', client, 2223)
        back = talk(world, 'gateway', host, client, 2223)
        assert (back, server.end()) == (expected, expected)
        assert server.peer[0] == host


def test_the_kernel_is_refused_where_nobody_listens(world):
    for host, client in HOSTS:
        try:
            talk(world, 'gateway', host, client, 2299)
            raise AssertionError('connected to nobody')
        except ConnectionRefusedError:
            pass


def test_nobody_at_all_listens(world):
    for host, client in HOSTS:
        try:
            talk(world, 'client', client, host, 2299)
            raise AssertionError('connected to nobody')
        except ConnectionRefusedError:
            pass


def answer_once(sock):
    question, peer = sock.recvfrom(65535)
    sock.sendto(question[::-1], peer)


def ask(world, host, question):
    """A datagram to a server of the kernel and back."""
    with world.inside('gateway'):
        server = socket.socket(family(host), socket.SOCK_DGRAM)
        server.bind((host, 5353))
    with world.inside('client'):
        client = socket.socket(family(host), socket.SOCK_DGRAM)
    with server, client:
        server.settimeout(5)
        client.settimeout(5)
        thread = threading.Thread(target=answer_once, args=(server,), daemon=True)
        thread.start()
        client.sendto(question, (host, 5353))
        answer = client.recv(65535)
        thread.join(5)
    return answer


def test_datagrams(world):
    for host, _ in HOSTS:
        assert ask(world, host, b'question') == b'noitseuq'


def test_datagrams_in_fragments(world):
    for host, _ in HOSTS:
        question = os.urandom(5000)
        # af_packet: the kernel puts IPv4 fragments together and cuts what comes of it.
        if ':' in host or os.environ.get('HYDROFOIL_PORT_KIND') == 'af_xdp':
            assert ask(world, host, question) == question[::-1]


def test_a_datagram_to_nobody_is_refused_by_the_kernel(world):
    with world.inside('client'), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        sock.connect((FRONT4, 7))
        sock.send(b'x')
        try:
            sock.recv(1)
            raise AssertionError('an answer from nobody')
        except ConnectionRefusedError:
            pass


def test_ping_both_ways(world):
    for host, client in HOSTS:
        world.call('client', ['ping', '-c', 3, '-i', '0.2', '-W', 2, host])
        world.call('gateway', ['ping', '-c', 3, '-i', '0.2', '-W', 2, '-I', 'foil-x0', client])
    world.call('gateway', ['ping', '-c', 1, '-W', 2, ORIGIN4])


def test_another_protocol_and_a_group(world):
    """OSPF's: to the port's address, and to a group that only the kernel has joined."""
    with world.inside('gateway'):
        server = socket.socket(socket.AF_INET, socket.SOCK_RAW, 89)
    group = socket.inet_aton('224.0.0.5') + socket.inet_aton(FRONT4)
    server.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    server.settimeout(5)
    with world.inside('client'):
        client = socket.socket(socket.AF_INET, socket.SOCK_RAW, 89)
    client.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(CLIENT4))
    with server, client:
        for host in (FRONT4, '224.0.0.5'):
            client.sendto(b'hello', (host, 0))
            packet, peer = server.recvfrom(1500)
            assert packet.endswith(b'hello') and peer[0] == CLIENT4


def test_an_address_that_only_the_kernel_has(world):
    sh('ip -n gateway addr add 10.80.1.77/24 dev foil-x0')
    world.call('client', ['ping', '-c', 2, '-i', '0.2', '-W', 2, '10.80.1.77'])
    sh('ip -n gateway addr del 10.80.1.77/24 dev foil-x0')


def test_only_the_ports_mac_answers(world):
    """The kernel must not answer ARP on g0 for the addresses that it has on foil-x0."""
    with world.inside('client'), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ARP)) as sock:
        sock.bind(('c0', ARP))
        sock.settimeout(0.5)
        mac = sock.getsockname()[4]
        for _ in range(3):
            sock.send(b'\xff' * 6 + mac + struct.pack('!HHHBBH', ARP, 1, 0x800, 6, 4, 1) + mac +
                      socket.inet_aton(CLIENT4) + bytes(6) + socket.inet_aton(FRONT4))
        answers = []
        while True:
            try:
                answers.append(sock.recv(100))
            except TimeoutError:
                break
    macs = {a[6:12].hex(':') for a in answers if a[20:22] == b'\0\2'}
    assert macs == {'02:00:00:00:01:01'}, macs


def test_it_is_counted_and_shown(world):
    for name in ('exception_tx_frames', 'exception_tx_bytes', 'exception_rx_frames',
                 'exception_rx_bytes'):
        assert metric(world, name) > 100, name
    assert dropped(world, 'EXCEPTION_FULL') == 0
    shown = world.call('gateway', [program('foilctl'), 'ports']).stdout
    assert 'KERNTX' in shown and 'KERNRX' in shown, shown
    assert 'exception_rx_frames' in world.call('gateway', [program('foilctl'), 'ports', '--json']).stdout


def test_it_rests_when_nothing_happens(world):
    def polls():
        text = world.admin('/stats/prometheus')[1]
        return sum(int(n) for n in re.findall(r'^hydrofoil_worker_polls_total{.*} (\d+)$', text, re.MULTILINE))
    until('fewer than 2000 polls a second', lambda: quiet(polls), 20)


def quiet(polls):
    before = polls()
    threading.Event().wait(1)
    return polls() - before < 2000


def test_the_limit_is_kept_and_counted_and_a_session_outlives_a_flood(world):
    world.stop_gateway()
    world.start_gateway(bootstrap.default(world, hydrofoil={
        'workers': 2, 'ports': ports(packets_per_second=1000, burst=200)}))
    with world.inside('gateway'):
        listening = socket.create_server((FRONT4, SSH))
    session = world.connect(FRONT4, SSH)
    accepted = listening.accept()[0]
    accepted.settimeout(10)
    before = metric(world, 'exception_tx_frames')
    with world.inside('client'):
        flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for i in range(20000):
        flood.sendto(b'flood', (FRONT4, 1024 + i % 50000))
    session.sendall(b'still there')
    assert accepted.recv(100) == b'still there'
    until('it is counted', lambda: dropped(world, 'EXCEPTION_RATE') > 1000)
    assert metric(world, 'exception_tx_frames') - before < 10000
    for sock in (session, accepted, listening, flood):
        sock.close()
    serves(world)


def test_without_an_exception_port_it_is_refused_by_us(world):
    world.stop_gateway()
    world.start_gateway(bootstrap.default(world, hydrofoil={'workers': 2}))
    for host, client in HOSTS:
        try:
            talk(world, 'client', client, host, SSH)
            raise AssertionError('connected to nobody')
        except ConnectionRefusedError:
            pass
    assert dropped(world, 'TCP_NO_CONNECTION') > 0


def has_address(world, address):
    return address in world.call('gateway', ['ip', 'addr', 'show', 'foil-x0']).stdout


def test_an_address_that_another_host_has_is_not_the_kernels(world):
    world.stop_gateway()
    sh(f'ip -n client addr add {FRONT4}/24 dev c0')
    world.start_gateway(bootstrap.default(world, hydrofoil={'ports': ports()}))
    until('it is taken away', lambda: not has_address(world, f'{FRONT4}/24'))
    assert has_address(world, f'{FRONT6}/64')
    sh(f'ip -n client addr del {FRONT4}/24 dev c0')


@limit(100)
def test_an_address_that_others_are_asked_about_is_not_the_kernels_yet(world):
    world.stop_gateway()
    made = ports()
    made[0]['duplicate_addresses'] = 'PROBE_FIRST'
    world.start_gateway(bootstrap.default(world, hydrofoil={'ports': made}), ready=False)
    until('the interface is there', lambda: not world.call(
        'gateway', ['ip', 'link', 'show', 'foil-x0'], check=False).returncode)
    assert not has_address(world, f'{FRONT4}/24')
    until('it is ours', lambda: has_address(world, f'{FRONT4}/24'), 20)
    until('/ready says LIVE', world.is_ready, 20)
    serves(world)


def refusal(world, **exception):
    """What hydrofoil says when it does not start."""
    world.stop_gateway()
    made = bootstrap.ports()
    made[0]['exception'] = exception
    path = world.write_json('refused.json', bootstrap.default(world, hydrofoil={'ports': made}))
    done = world.call('gateway', [program('hydrofoil'), '-c', path], check=False)
    assert done.returncode == 1, done
    return done.stdout + done.stderr


def test_what_cannot_be_is_refused_with_the_cure(world):
    told = refusal(world, tap={'interface': 'lo'})
    assert 'there is an interface lo already' in told, told
    if not os.path.exists('/dev/vhost-net'):
        world.start_gateway(bootstrap.default(world))
        told = refusal(world, virtio_user={'interface': 'foil-x0'})
        assert '/dev/vhost-net cannot be opened' in told and 'use tap' in told, told


if __name__ == '__main__':
    run(globals(), prepare)
