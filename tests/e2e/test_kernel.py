"""Ports and kernel sockets in one gateway: a sidecar's application on loopback or a Unix socket, and
clients that come in by either.

    client ══ g0 af_packet ─┐              ┌─ af_packet g1 ══ origin
    127.0.0.1, ::1, a pipe ─┴─ hydrofoil ──┴─ 127.0.0.1:8090, nginx on a pipe
"""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

from tests.e2e.lib import config
from tests.e2e.lib.origin import pattern, pattern_digest
from tests.e2e.lib.points import limit, run
from tests.e2e.lib.world import program, until

COUNT = 100000000
LOCAL = 'http://127.0.0.1:8000'
NGINX = '''
user root;
daemon off;
worker_processes 1;
pid {folder}/local.pid;
events {{ worker_connections 4096; }}
http {{
	access_log off;
	client_body_temp_path {folder}/body;
	keepalive_requests 1000000;
	server {{
		listen unix:{folder}/nginx.sock backlog=4096;
		root {folder};
		location = /hello {{ return 200 "hello from a pipe\\n"; }}
	}}
}}
'''


def listeners(world):
    routes = [
        {'match': {'path': '/direct'},
         'direct_response': {'status': 200, 'body': {'inline_string': 'from the gateway\n'}}},
        config.route('/local/', 'local', prefix_rewrite='/', timeout='0s'),
        config.route('/pipe/', 'nginx', prefix_rewrite='/', timeout='0s'),
        config.route('/nobody/', 'nobody'),
        config.route('/nowhere/', 'nowhere'),
        config.route('/', 'origin', timeout='0s')]
    table = {'name': 'all', 'virtual_hosts': [{'name': 'all', 'domains': ['*'], 'routes': routes}]}
    made = [config.http_listener(world, host, port, route_config=table, use_remote_address=True)
            for host, port in (('10.80.1.1', 80), ('127.0.0.1', 8000), ('::1', 8000), ('::', 8100))]
    made[3]['address']['socket_address']['ipv4_compat'] = True
    front = config.http_listener(world, '127.0.0.1', 1, route_config=table)
    front['name'], front['address'] = 'front', config.pipe(world.front, mode=0o640)
    back = {**config.tcp_listener('127.0.0.1', 9000, 'far_echo'), 'name': 'tcp-back'}
    return [*made, front, config.tcp_listener('10.80.1.1', 9000, 'echo'), back]


def bootstrap(world):
    made = config.default(world, hydrofoil={'kernel': {'any_address': True}})
    many = {'circuit_breakers': {'thresholds': [{'max_connections': 5000, 'max_requests': 5000,
                                                 'max_pending_requests': 5000}]}}
    made['static_resources'] = {'listeners': listeners(world), 'clusters': [
        config.cluster('origin', ('10.80.2.2', 8080)),
        config.cluster('local', ('127.0.0.1', 8090), **many),
        config.cluster('nginx', config.pipe(os.path.join(world.folder, 'nginx.sock')), **many),
        config.cluster('nobody', ('127.0.0.1', 8099)),
        config.cluster('nowhere', config.pipe('/run/nobody.sock')),
        config.cluster('echo', ('127.0.0.1', 8092)),
        config.cluster('far_echo', ('10.80.2.2', 8082))]}
    return made


def start_local(world):
    process = world.start('gateway', ['/usr/bin/python3', '-B', '-m', 'tests.e2e.lib.origin',
                                      '127.0.0.1', 8090], os.path.join(world.folder, 'local.log'))
    until('the local origin listens', lambda: world.listens('gateway', 8090))
    return process


def start_nginx(world):
    conf = os.path.join(world.folder, 'local.conf')
    with open(conf, 'w', encoding='utf-8') as f:
        f.write(NGINX.format(folder=world.folder))
    world.start('gateway', ['/usr/sbin/nginx', '-p', world.folder, '-c', conf, '-e',
                            f'{world.folder}/error.log'])
    until('nginx has its socket', lambda: os.path.exists(f'{world.folder}/nginx.sock'))


def prepare(world):
    world.front = os.path.join(world.folder, 'front.sock')
    world.origin()
    world.local = start_local(world)
    with open(os.path.join(world.folder, 'big'), 'wb') as f:
        for piece in pattern(COUNT):
            f.write(piece)
    start_nginx(world)
    world.config = bootstrap(world)
    world.start_gateway(world.config)


def here(world, *words, **options):
    """curl beside the gateway."""
    return world.call('gateway', ['curl', '-sS', '--max-time', 60, *words], limit_s=65, **options)


def code(world, url, *words):
    return here(world, '-o', '/dev/null', '-w', '%{http_code}', *words, url).stdout


def ways_in(world):
    return [(LOCAL,), ('http://[::1]:8000',), ('--unix-socket', world.front, 'http://pipe.test')]


def test_loopback_and_pipe_to_the_origin_behind_a_port(world):
    for *words, url in ways_in(world):
        told = json.loads(here(world, *words, url + '/a').stdout)
        assert told['path'] == '/a', told


def test_loopback_and_pipe_to_loopback_and_pipe(world):
    for *words, url in ways_in(world):
        assert json.loads(here(world, *words, url + '/local/b').stdout)['path'] == '/b'
        assert here(world, *words, url + '/pipe/hello').stdout == 'hello from a pipe\n'


def test_a_port_to_loopback_and_pipe(world):
    assert json.loads(world.curl('http://10.80.1.1/local/c').stdout)['path'] == '/c'
    assert world.curl('http://10.80.1.1/pipe/hello').stdout == 'hello from a pipe\n'


def test_any_address_is_on_ports_and_in_the_kernel(world):
    for url in ('http://127.0.0.1:8100', 'http://[::1]:8100', 'http://127.9.9.9:8100'):
        assert here(world, url + '/direct').stdout == 'from the gateway\n'
    assert world.curl('http://10.80.1.1:8100/direct').stdout == 'from the gateway\n'


def test_who_came_is_in_the_headers_and_the_log(world):
    arrived = dict(json.loads(here(world, LOCAL + '/local/').stdout)['headers'])
    assert arrived['x-forwarded-for'] == '127.0.0.1', arrived
    arrived = dict(json.loads(here(world, '--unix-socket', world.front,
                                   'http://pipe.test/local/').stdout)['headers'])
    assert 'x-forwarded-for' not in arrived, arrived

    def logged():
        with open(world.access_log, encoding='utf-8') as f:
            return '/nginx.sock"' in f.read()
    until('the path of the pipe is in the log', logged)


def test_connections_are_shown(world):
    with world.inside('gateway'), socket.socket(socket.AF_UNIX) as sock:
        sock.connect(world.front)
        found = until('the connection is shown', lambda: [
            c for c in json.loads(world.admin('/hydrofoil/conns')[1])['connections']
            if c['transport'] == 'unix' and c['local'] == world.front])
        assert re.fullmatch(r'pid=\d+,uid=0,gid=0', found[0]['remote']), found


def traced(world, what, *words):
    """Kinds and texts of what foilctl trace tells while what() happens."""
    before = world.gateway_log().count(' begins')
    with world.inside('gateway'):
        process = subprocess.Popen([program('foilctl'), 'trace', '--json', '-t', '10s', *words], text=True,
                                   stdout=subprocess.PIPE)
    until('the trace begins', lambda: world.gateway_log().count(' begins') > before, 10)
    what()
    found = [json.loads(line) for line in process.communicate(timeout=20)[0].splitlines()]
    return found


def test_kernel_streams_are_traced(world):
    found = traced(world, lambda: here(world, LOCAL + '/local/hello'), '--dport', '8000')
    kinds = [e['event'] for e in found]
    for kind in ('BEGIN', 'KERNEL_ACCEPTED', 'LISTENER', 'KERNEL_READ', 'REQUEST', 'ROUTE', 'HOST',
                 'KERNEL_WRITTEN', 'REQUEST_END', 'KERNEL_END'):
        assert kind in kinds, (kind, found)
    assert '127.0.0.1:8000' in found[0]['text'] and 'FRAME_IN' not in kinds, found
    up = [e['event'] for e in found if e['side'] == 'upstream']
    assert 'KERNEL_CONNECTED' in up or 'KERNEL_WRITTEN' in up, found
    found = traced(world, lambda: here(world, '--unix-socket', world.front,
                                                         'http://x/pipe/hello'), '--path', '/pipe/')
    assert re.search(r'^pid=\d+,uid=0,gid=0 to \S+/front\.sock$', found[0]['text']), found
    assert any('nginx.sock' in e['text'] for e in found if e['event'] == 'HOST'), found
    assert 'REQUEST_END' in [e['event'] for e in found], found


def test_nobody_there_is_503(world):
    assert code(world, LOCAL + '/nobody/') == '503'
    assert code(world, LOCAL + '/nowhere/') == '503'
    assert world.curl('-o', '/dev/null', '-w', '%{http_code}', 'http://10.80.1.1/nobody/').stdout == '503'


def digest_of(world, name, *words):
    done = world.call(name, ['bash', '-c', 'set -o pipefail; curl -sS --fail "$@" | sha256sum', '-',
                             *words], limit_s=55)
    return done.stdout.split()[0]


@limit(200)
def test_100_mb_down_by_every_way(world):
    for name, *words in (('client', 'http://10.80.1.1/pipe/big'),
                         ('client', f'http://10.80.1.1/local/bytes?n={COUNT}'),
                         ('gateway', f'{LOCAL}/bytes?n={COUNT}'),
                         ('gateway', '--unix-socket', world.front, 'http://x/pipe/big')):
        started = time.monotonic()
        assert digest_of(world, name, *words) == pattern_digest(COUNT), words
        print(f'# {words[-1]}: {COUNT / 1e6 / (time.monotonic() - started):.0f} MB/s', flush=True)


@limit(200)
def test_100_mb_up_by_every_way(world):
    send = ('import sys; from tests.e2e.lib.origin import pattern\n'
            'for piece in pattern(int(sys.argv[1])): sys.stdout.buffer.write(piece)')
    for name, *words in (('client', 'http://10.80.1.1/local/up'), ('gateway', LOCAL + '/up'),
                         ('gateway', '--unix-socket', world.front, 'http://x/local/up')):
        with subprocess.Popen([sys.executable, '-B', '-c', send, str(COUNT)],
                              stdout=subprocess.PIPE) as sender:
            done = world.call(name, ['curl', '-sS', '--fail', '-T', '-', *words],
                              stdin=sender.stdout, limit_s=55)
        assert pattern_digest(COUNT) in done.stdout, done.stdout


def test_half_close_goes_through_both_ways_round(world):
    for name, address in (('client', '10.80.1.1'), ('gateway', '127.0.0.1')):
        digest = hashlib.sha256()
        with world.inside(name):
            sock = socket.create_connection((address, 9000), timeout=20)
        with sock:
            sock.sendall(b'x' * 300000)
            sock.shutdown(socket.SHUT_WR)
            while True:
                data = sock.recv(1 << 16)
                if not data:
                    break
                digest.update(data)
        assert digest.hexdigest() == hashlib.sha256(b'x' * 300000).hexdigest()


def test_an_origin_that_is_killed_is_an_error_and_comes_back(world):
    assert code(world, LOCAL + '/local/') == '200'
    with world.inside('client'):
        waiting = subprocess.Popen(['curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}',
                                    'http://10.80.1.1/local/slow?s=30'], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    world.local.kill()
    world.local.wait()
    assert waiting.communicate(timeout=20)[0] in ('502', '503')
    assert code(world, LOCAL + '/local/') == '503'
    world.local = start_local(world)
    assert code(world, LOCAL + '/local/') == '200'


def wrk(world, name, url):
    done = world.call(name, ['wrk', '-t1', '-c32', '-d3s', url], limit_s=25)
    rate = float(re.search(r'Requests/sec:\s+([\d.]+)', done.stdout).group(1))
    print(f'# {url}: {rate:.0f} requests/s', flush=True)
    assert 'Socket errors' not in done.stdout and 'Non-2xx' not in done.stdout, done.stdout
    assert rate > 100, done.stdout


def test_wrk(world):
    wrk(world, 'gateway', LOCAL + '/direct')
    wrk(world, 'gateway', LOCAL + '/pipe/hello')
    wrk(world, 'client', 'http://10.80.1.1/pipe/hello')


def cpu_seconds(world):
    with open(f'/proc/{world.gateway.pid}/stat', encoding='utf-8') as f:
        fields = f.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


@limit(120)
def test_many_connections_rest_cheaply(world):
    with world.inside('gateway'):
        swarm = subprocess.Popen(['/usr/bin/python3', '-B', '-m', 'tests.e2e.lib.swarm', '127.0.0.1',
                                  '8000', '4000', '2'], text=True, stdout=subprocess.PIPE)
    said = swarm.communicate(timeout=100)[0]
    assert said.startswith('good 8000 failed 0 open 4000'), said
    with world.inside('gateway'):
        socks = [socket.create_connection(('127.0.0.1', 8000)) for _ in range(500)]
    time.sleep(1)
    before = cpu_seconds(world)
    time.sleep(4)
    used = (cpu_seconds(world) - before) / 4
    print(f'# idle with 500 connections: {100 * used:.1f} % of a core', flush=True)
    for sock in socks:
        sock.close()
    assert used < 0.05, used


def test_counters_are_envoys(world):
    done = world.call('gateway', [program('foilctl'), 'stat', '--json', r'listener|cluster\.nginx'])
    stats = {entry['name']: entry['value'] for entry in json.loads(done.stdout)['stats']}
    assert any(name.endswith('downstream_cx_total') and '127.0.0.1' in name and value > 0
               for name, value in stats.items()), sorted(stats)[:20]
    assert stats['cluster.nginx.upstream_rq_total'] > 0, stats


def test_the_pipe_has_its_mode_and_is_removed_at_the_end(world):
    assert os.stat(world.front).st_mode & 0o777 == 0o640
    assert world.stop_gateway() == 0
    assert not os.path.exists(world.front)


def test_a_drain_under_load_fails_no_request(world):
    world.start_gateway(world.config, '--drain-time-s', '10')
    with world.inside('gateway'):
        clients = subprocess.Popen(['/usr/bin/python3', '-B', '-m', 'tests.e2e.lib.steady',
                                    '127.0.0.1', '8000', '/local/', '20', '8'], text=True,
                                   stdout=subprocess.PIPE)
    time.sleep(2)
    assert clients.poll() is None
    world.gateway.send_signal(signal.SIGTERM)
    told, _ = clients.communicate(timeout=40)
    assert world.gateway.wait(20) == 0, 'exit status after a drain'
    good, failed = int(told.split()[1]), int(told.split()[3])
    assert good > 20 and failed == 0, told


def test_a_pipe_left_by_kill_9_is_taken_over(world):
    world.start_gateway(world.config)
    world.gateway.send_signal(signal.SIGKILL)
    world.gateway.wait()
    assert os.path.exists(world.front)
    world.start_gateway(world.config)
    assert here(world, '--unix-socket', world.front, 'http://x/direct').stdout == 'from the gateway\n'


def test_a_place_that_is_taken_ends_the_start(world):
    second = {**world.config, 'hydrofoil': {'stats': {'name': 'two'}}}
    second['static_resources'] = {**second['static_resources'], 'listeners': [listeners(world)[4]]}
    path = world.write_json('second.json', second)
    done = world.call('gateway', [program('hydrofoil'), '-c', path], check=False, limit_s=30)
    assert done.returncode == 1 and 'another process listens there' in done.stderr, done.stderr


def test_an_address_of_nobody_is_refused_by_name(world):
    bad = json.loads(json.dumps(world.config))
    bad['static_resources']['listeners'][0]['address']['socket_address']['address'] = '192.0.2.9'
    path = world.write_json('bad.json', bad)
    done = world.call('gateway', [program('hydrofoil'), '--mode', 'validate', '-c', path], check=False)
    assert done.returncode == 1, done.stderr
    assert re.search(r'bad\.json:\d+:\d+: .*no port has the address 192\.0\.2\.9', done.stderr), done.stderr


def test_drain_listeners_closes_sockets_and_removes_the_pipe(world):
    assert here(world, 'http://127.0.0.1:8000/direct').stdout == 'from the gateway\n'
    world.call('gateway', ['curl', '-sS', '--fail', '-X', 'POST',
                           'http://127.0.0.1:9901/drain_listeners'])
    until('nobody listens', lambda: not world.listens('gateway', 8000), 5)
    assert not os.path.exists(world.front)


if __name__ == '__main__':
    run(globals(), prepare)
