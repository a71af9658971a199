"""Two workers on ports of one queue: each serves its share, nothing is lost between them, both rest."""

import json
import os
import re
import socket
import subprocess
import time

from tests.e2e.lib.points import limit, run
from tests.e2e.lib.world import program, start_default, until

WORKERS = 2
CONNECTIONS = 1000
ROUNDS = 3


# Two of the CPUs that we may use, the other way round than they are taken by themselves.
CORES = sorted(os.sched_getaffinity(0))[:WORKERS]


def prepare(world):
    start_default(world, hydrofoil={'cores': ','.join(map(str, CORES))})


def test_each_worker_is_on_the_core_that_was_named_for_it(world):
    assert [w['cpu'] for w in workers(world)] == CORES
    allowed = []
    for task in os.listdir(f'/proc/{world.gateway.pid}/task'):
        with open(f'/proc/{world.gateway.pid}/task/{task}/comm', encoding='ascii') as f:
            name = f.read().strip()
        if name == 'foil-worker':
            allowed.append(os.sched_getaffinity(int(task)))
    assert sorted(map(sorted, allowed)) == [[cpu] for cpu in CORES], allowed
    # The tool shows it as well.
    shown = json.loads(world.call('gateway', [program('foilctl'), 'workers', '--json']).stdout)
    assert [w['cpu'] for w in shown['workers']] == CORES


def test_cores_that_cannot_be_had_are_refused_by_name(world):
    for cores, part in (('1023', 'hydrofoil.cores: there is no CPU 1023'),
                        ('0,0', 'hydrofoil.cores: CPU 0 is named twice'),
                        ('0-', 'is no list of CPUs')):
        path = os.path.join(world.folder, 'cores.yaml')
        with open(path, 'w', encoding='ascii') as f:
            f.write(f'hydrofoil: {{cores: "{cores}", stats: {{name: hydrofoil-cores}}}}\n')
        done = world.call('gateway', [program('hydrofoil'), '-c', path], check=False)
        assert done.returncode == 1 and part in done.stderr, done


def counts(world, name):
    """A counter or gauge of every worker."""
    text = world.admin('/stats/prometheus')[1]
    found = re.findall(rf'^hydrofoil_worker_{name}{{worker="\d+"}} (\d+)$', text, re.MULTILINE)
    assert len(found) == WORKERS, text
    return [int(n) for n in found]


def dropped(world, reason):
    found = re.search(rf'^hydrofoil_drops_total{{reason="{reason}"}} (\d+)$',
                      world.admin('/stats/prometheus')[1], re.MULTILINE)
    return int(found.group(1)) if found else 0


def code(world, url):
    return world.curl('-o', '/dev/null', '-w', '%{http_code}', url).stdout


def nothing_was_lost(world):
    """All that was handed over has been taken, and no ring was full."""
    until('what was handed over is taken', lambda: sum(counts(world, 'handed_over_packets_total'))
          == sum(counts(world, 'taken_over_packets_total')))
    assert dropped(world, 'HANDOVER_FULL') == 0


def test_answers_on_both_workers_and_families(world):
    before = counts(world, 'log_lines_total')
    for _ in range(8):
        for path in ('/direct', '/x', '/v6/x'):
            for host in ('10.80.1.1', '[fd80:1::1]'):
                assert code(world, f'http://{host}{path}') == '200', (host, path)
    after = counts(world, 'log_lines_total')
    assert all(a > b for a, b in zip(after, before)), (before, after)


@limit(100)
def test_each_serves_its_share_of_a_thousand_connections(world):
    before = counts(world, 'log_lines_total')
    done = world.call('client', ['/usr/bin/python3', '-B', '-m', 'tests.e2e.lib.swarm', '10.80.1.1',
                                 80, CONNECTIONS, ROUNDS], limit_s=90)
    total = CONNECTIONS * ROUNDS
    assert done.stdout.startswith(f'good {total} failed 0 open {CONNECTIONS}'), done.stdout
    served = [a - b for a, b in zip(counts(world, 'log_lines_total'), before)]
    print(f'# requests by worker: {served}', flush=True)
    assert sum(served) == total and min(served) >= 0.4 * total, served


def test_packets_came_in_on_the_wrong_core_and_none_was_lost(world):
    assert sum(counts(world, 'handed_over_packets_total')) > 0
    nothing_was_lost(world)


def test_wrk_proxied(world):
    done = world.call('client', ['wrk', '-t1', '-c32', '-d4s', 'http://10.80.1.1/'])
    print('# ' + re.search(r'Requests/sec:.*', done.stdout).group(0), flush=True)
    assert 'Socket errors' not in done.stdout and 'Non-2xx' not in done.stdout, done.stdout
    nothing_was_lost(world)


def refused(world, host, bytes_):
    """Sends a datagram to a port where nobody listens; whether the answer says so."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    with world.inside('client'), socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        sock.connect((host, 7))
        sock.send(bytes(bytes_))
        try:
            sock.recv(1)
        except ConnectionRefusedError:
            return True
        except TimeoutError:
            return False
    raise AssertionError('an answer from a port where nobody listens')


def test_fragments_meet_and_then_go_home(world):
    before = counts(world, 'taken_over_packets_total')[1]
    for host, bytes_ in (('10.80.1.1', 1600), ('fd80:1::1', 4000)):
        for _ in range(6):
            assert refused(world, host, bytes_), host
    assert dropped(world, 'UDP_NO_PORT') >= 12
    # Some of the datagrams, put together on the one, belong to the other.
    assert counts(world, 'taken_over_packets_total')[1] > before
    nothing_was_lost(world)


def workers(world):
    return json.loads(world.admin('/hydrofoil/workers')[1])['workers']


def order(world, what):
    status, body = world.admin(f'/hydrofoil/workers/order?{what}', 'POST')
    assert status == 200, body


def wrk_during(world, what, *options, url='http://10.80.1.1/direct'):
    """wrk runs while what() changes things; not one of its requests may fail."""
    with world.inside('client'):
        load = subprocess.Popen(['wrk', '-t1', '-c32', '-d8s', *options, url],
                                text=True, stdout=subprocess.PIPE)
    time.sleep(1)
    what()
    told = load.communicate(timeout=40)[0]
    print('# ' + re.search(r'Requests/sec:.*', told).group(0), flush=True)
    assert 'Socket errors' not in told and 'Non-2xx' not in told, told
    nothing_was_lost(world)


def rest_and_add(world):
    order(world, 'rest=1')
    time.sleep(1.5)
    assert workers(world)[1]['buckets'] == 0 and workers(world)[1]['resting']
    order(world, 'add=1')
    time.sleep(1)
    assert workers(world)[1]['buckets'] >= 200 and not workers(world)[1]['resting']
    order(world, 'rest=0')
    time.sleep(1.5)
    assert workers(world)[0]['buckets'] == 0
    order(world, 'add=0')


def move_to_and_fro(world):
    for _ in range(4):
        order(world, 'move=128&from=0&to=1')
        time.sleep(0.4)
        order(world, 'move=128&from=1&to=0')
        time.sleep(0.4)


@limit(60)
def test_workers_rest_and_are_added_under_load(world):
    wrk_during(world, lambda: rest_and_add(world))


@limit(60)
def test_workers_rest_and_are_added_while_connections_come_and_go(world):
    wrk_during(world, lambda: rest_and_add(world), '-H', 'Connection: close')


@limit(60)
def test_buckets_move_under_load(world):
    wrk_during(world, lambda: move_to_and_fro(world))
    wrk_during(world, lambda: move_to_and_fro(world), '-H', 'Connection: close')


def is_empty(world, worker):
    """Whether no live connection is left with this worker: what still counts is in TIME-WAIT."""
    return (counts(world, 'gateway_connections')[worker] == 0
            and workers(world)[worker]['connections'] == 0)


def everybody_arrived(world):
    """All that left one worker came to another, and every one that was opened is closed once."""
    until('travellers arrive', lambda: sum(counts(world, 'travelled_out_total'))
          == sum(counts(world, 'travelled_in_total')))
    assert dropped(world, 'TRAVEL_FRAMES_FULL') == 0


@limit(60)
def test_a_rested_worker_keeps_no_connection(world):
    """Under load by keep-alive connections, to hosts too: all of them move while wrk runs."""
    before = sum(counts(world, 'travelled_in_total'))

    def rest():
        for worker in (1, 0):
            order(world, f'rest={worker}')
            until('it is empty', lambda w=worker: is_empty(world, w), limit_s=4)
            order(world, f'add={worker}')
            time.sleep(0.3)

    wrk_during(world, rest, url='http://10.80.1.1/')
    moved = sum(counts(world, 'travelled_in_total')) - before
    print(f'# travelled: {moved}', flush=True)
    assert moved >= 32, moved
    everybody_arrived(world)


@limit(30)
def test_a_patient_client_is_served_by_the_other_worker(world):
    """One connection, a request every 100 ms: after the move the other worker serves it."""
    with world.inside('client'), socket.create_connection(('10.80.1.1', 80), timeout=5) as sock:
        def ask(times):
            before = counts(world, 'log_lines_total')
            for _ in range(times):
                sock.sendall(b'GET /direct HTTP/1.1\r\nHost: x\r\n\r\n')
                answer = b''
                while not answer.endswith(b'\r\n\r\n') and b'\r\n\r\n' not in answer:
                    answer += sock.recv(4096)
                head, _, body = answer.partition(b'\r\n\r\n')
                assert head.startswith(b'HTTP/1.1 200'), answer
                length = int(re.search(rb'content-length: (\d+)', head, re.I).group(1))
                while len(body) < length:
                    body += sock.recv(4096)
                time.sleep(0.1)
            after = counts(world, 'log_lines_total')
            return [a - b for a, b in zip(after, before)]

        for _ in range(3):
            served = ask(3)
            home = served.index(3)
            order(world, f'rest={home}')
            until('it travels', lambda h=home: is_empty(world, h))
            served = ask(8)
            assert served[1 - home] == 8, (home, served)
            order(world, f'add={home}')
            time.sleep(0.2)  # its bucket may come back, and the connection with it
    everybody_arrived(world)


def test_an_order_that_cannot_be_is_refused(world):
    for what in ('rest=2', 'add=x', 'move=1&from=0', 'move=1&from=0&to=9', ''):
        assert world.admin(f'/hydrofoil/workers/order?{what}', 'POST')[0] == 400, what
    order(world, 'rest=1')
    status, body = world.admin('/hydrofoil/workers/order?rest=0', 'POST')
    assert status == 400 and 'add' in body, body
    assert world.admin('/hydrofoil/workers/order?move=1&from=0&to=1', 'POST')[0] == 400
    order(world, 'add=1')
    assert world.admin('/hydrofoil/workers/order?rest=0')[0] == 405


def test_foilctl_shows_and_orders(world):
    def foilctl(*words, fails=False):
        done = world.call('gateway', [program('foilctl'), 'workers', *words], check=False)
        assert (done.returncode != 0) == fails, done
        return done.stderr if fails else done.stdout
    screen = foilctl('rest', '1')
    assert re.search(r'^1 +rests +\S+ +0 ', screen, re.MULTILINE), screen
    assert json.loads(foilctl('--json'))['workers'][1]['resting']
    assert 'add' in foilctl('rest', '0', fails=True)
    screen = foilctl('add', '1')
    assert re.search(r'^1 +serves ', screen, re.MULTILINE), screen
    before = json.loads(foilctl('--json'))['workers'][1]['buckets']
    foilctl('move', '5', '--from', '0', '--to', '1')
    assert json.loads(foilctl('--json'))['workers'][1]['buckets'] == before + 5
    assert 'there is no worker 9' in foilctl('move', '5', '--from', '0', '--to', '9', fails=True)


def cpu_s(world):
    """Seconds of CPU that the gateway has used."""
    with open(f'/proc/{world.gateway.pid}/stat', encoding='ascii') as f:
        fields = f.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def test_idle_workers_rest(world):
    time.sleep(1)  # connections that were open are closing
    before = cpu_s(world)
    time.sleep(4)
    used = cpu_s(world) - before
    print(f'# idle for 4 s: {used:.2f} s of CPU', flush=True)
    assert used <= 0.08, used
    began = time.monotonic()
    assert code(world, 'http://10.80.1.1/direct') == '200'
    assert time.monotonic() - began < 5


def test_drains(world):
    assert world.stop_gateway() == 0, world.gateway_log()


if __name__ == '__main__':
    run(globals(), prepare)
