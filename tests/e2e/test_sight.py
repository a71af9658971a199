"""Seeing it: access log, admin, exporter under promtool, foilctl."""

import json
import os
import re

from tests.e2e.lib import config
from tests.e2e.lib.points import run
from tests.e2e.lib.world import program, start_default, until

# Envoy's default format.
LOG_LINE = re.compile(
    r'^\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] "(?P<request>[^"]*)" (?P<code>\d+) (?P<flags>\S+) '
    r'(?P<received>\d+) (?P<sent>\d+) (?P<duration>\d+) (?P<upstream>\S+) "(?P<xff>[^"]*)" '
    r'"(?P<agent>[^"]*)" "(?P<id>[^"]*)" "(?P<authority>[^"]*)" "(?P<host>[^"]*)"$')


def prepare(world):
    start_default(world)
    world.exporter = world.start('gateway', [program('hydrofoil-exporter'), '--listen',
                                             '127.0.0.1:9902'],
                                 os.path.join(world.folder, 'exporter.log'))


def log_lines(world):
    try:
        with open(world.access_log, encoding='utf-8') as f:
            return f.read().splitlines()
    except FileNotFoundError:
        return []


def logged(world, path):
    def find():
        return [LOG_LINE.match(line) for line in log_lines(world) if f' {path} ' in line]
    found = until(f'a log line for {path}', find, 5)[0]
    assert found, log_lines(world)
    return found


def metrics(world):
    done = world.call('gateway', ['curl', '-sS', '--fail', 'http://127.0.0.1:9902/metrics'])
    return done.stdout


def foilctl(world, *words):
    return world.call('gateway', [program('foilctl'), *words]).stdout


def test_access_log_in_the_default_format(world):
    world.curl('-A', 'looker', '--data-binary', 'abcd', 'http://10.80.1.1/logged')
    line = logged(world, '/logged')
    assert line['request'] == 'POST /logged HTTP/1.1' and line['code'] == '200'
    assert line['flags'] == '-' and line['received'] == '4' and int(line['sent']) > 50
    assert line['agent'] == 'looker' and line['host'] == '10.80.2.2:8080'
    assert line['authority'] == '10.80.1.1'


def test_access_log_names_what_went_wrong(world):
    world.curl('-o', '/dev/null', 'http://10.80.1.1/dead/x')
    assert logged(world, '/dead/x')['flags'].split(',')[0] == 'UF'
    world.curl('-o', '/dev/null', '-H', 'Host: only.test', 'http://10.80.1.1/nowhere')
    assert logged(world, '/nowhere')['flags'] == 'NR'


def test_admin_ready_and_server_info(world):
    assert world.admin('/ready') == (200, 'LIVE\n')
    status, body = world.admin('/server_info')
    assert status == 200 and '"state"' in body and 'LIVE' in body, body


def test_admin_stats_count_requests(world):
    def count():
        found = re.search(r'^http\.ingress\.downstream_rq_total: (\d+)$', world.admin('/stats')[1],
                          re.MULTILINE)
        return int(found.group(1)) if found else 0
    before = count()
    for _ in range(5):
        world.curl('http://10.80.1.1/direct')
    until('five more requests counted', lambda: count() == before + 5, 5)


def test_admin_prometheus_and_config_dump(world):
    status, body = world.admin('/stats/prometheus')
    assert status == 200 and '# TYPE' in body
    status, body = world.admin('/config_dump')
    assert status == 200 and 'by_name' in body and '10.80.2.2' in body


def test_admin_unknown_path_is_404(world):
    assert world.admin('/no_such_thing')[0] == 404


def post(world, path):
    done = world.call('gateway', ['curl', '-sS', '-X', 'POST', '-w', '%{http_code}',
                                  f'http://127.0.0.1:9901{path}'])
    return int(done.stdout[-3:]), done.stdout[:-3]


def test_admin_listeners_and_clusters(world):
    status, body = world.admin('/listeners')
    assert status == 200 and 'tcp-9000::10.80.1.1:9000\n' in body, body
    addresses = json.loads(world.admin('/listeners?format=json')[1])['listener_statuses']
    assert {'name': 'tcp-9000', 'local_address': {'socket_address': {
        'address': '10.80.1.1', 'port_value': 9000}}} in addresses, addresses
    world.curl('http://10.80.1.1/counted')
    body = world.admin('/clusters')[1]
    assert re.search(r'^origin::10\.80\.2\.2:8080::rq_success::[1-9]', body, re.MULTILINE), body
    clusters = json.loads(world.admin('/clusters?format=json&filter=%5Eorigin%24')[1])
    (origin,) = clusters['cluster_statuses']
    stats = {s['name']: int(s.get('value', 0)) for s in origin['host_statuses'][0]['stats']}
    assert stats['rq_total'] >= stats['rq_success'] > 0, stats


def test_admin_config_dump_by_parts(world):
    body = json.loads(world.admin('/config_dump?mask=bootstrap.node.id')[1])
    assert body['configs'][0]['bootstrap'] == {'node': {'id': 'e2e'}} and len(body['configs']) == 1
    body = world.admin('/config_dump?include_eds&resource=static_endpoint_configs&name_regex=origin6')[1]
    (one,) = json.loads(body)['configs']
    assert one['endpoint_config']['endpoints'][0]['lb_endpoints'][0]['endpoint']['address'] == {
        'socket_address': {'address': 'fd80:2::2', 'port_value': 8080}}, body


def test_admin_counts_members_statuses_and_changes(world):
    world.curl('http://10.80.1.1/counted')
    wanted = {'cluster.origin.membership_healthy': 1, 'cluster.origin.membership_total': 1,
              'cluster_manager.cluster_added': None, 'listener_manager.listener_added': 3,
              'server.memory_physical_size': None, 'cluster.origin.upstream_rq_200': None}

    def look():
        stats = json.loads(world.admin('/stats?format=json')[1])['stats']
        found = {s['name']: s['value'] for s in stats if 'name' in s}
        return all(found.get(n, 0) == v or (v is None and found.get(n, 0) > 0)
                   for n, v in wanted.items())
    until('members, statuses and changes', look, 5)
    assert 'envoy_response_code="200"' in world.admin('/stats/prometheus?filter=origin')[1]
    body = world.admin('/stats?filter=ingress.downstream_rq_time&histogram_buckets=cumulative')[1]
    assert ' B3.6e+06(0,' in body, body


def test_admin_says_what_it_cannot(world):
    assert world.admin('/contention')[0] == 501
    assert world.admin('/healthcheck/fail')[0] == 405
    assert world.admin('/certs') == (200, '{\n "certificates": []\n}\n')
    assert int(json.loads(world.admin('/memory')[1])['total_physical_bytes']) > 1 << 20


def test_admin_health_is_shown_and_taken_back(world):
    assert post(world, '/healthcheck/fail') == (200, 'OK\n')
    assert world.admin('/ready') == (503, 'DRAINING\n')
    assert 'server.state: 1\n' in world.admin('/stats?filter=server.state')[1]
    assert post(world, '/healthcheck/ok') == (200, 'OK\n')
    assert world.admin('/ready') == (200, 'LIVE\n')


def test_admin_logging_takes_effect(world):
    assert '  dns: info\n' in world.admin('/logging')[1]
    assert '  dns: debug\n' in post(world, '/logging?dns=debug')[1]
    assert post(world, '/logging?dns=loud')[0] == 400
    assert '  dns: warning\n' in post(world, '/logging?level=warning')[1]
    post(world, '/logging?level=info')


def test_admin_reset_counters(world):
    name = 'http.ingress.downstream_rq_total'
    world.curl('http://10.80.1.1/direct')
    assert f'{name}: 0\n' not in world.admin(f'/stats?filter={name}')[1]
    assert post(world, '/reset_counters') == (200, 'OK\n')
    assert world.admin(f'/stats?filter={name}')[1] == f'{name}: 0\n'
    world.curl('http://10.80.1.1/direct')
    until('one request since the reset', lambda: world.admin(f'/stats?filter={name}')[1] ==
          f'{name}: 1\n', 5)


def test_exporter_passes_promtool(world):
    until('the exporter answers', lambda: metrics(world) if world.call(
        'gateway', ['curl', '-s', 'http://127.0.0.1:9902/metrics'], check=False).returncode == 0
        else None)
    done = world.call('gateway', ['bash', '-c', 'set -o pipefail; curl -sS --fail '
                                  'http://127.0.0.1:9902/metrics | promtool check metrics'],
                      check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_exporter_counts_requests(world):
    def count():
        found = re.search(r'^envoy_http_downstream_rq_total\{[^}]*"ingress"[^}]*\} (\d+)$', metrics(world),
                          re.MULTILINE)
        return int(found.group(1)) if found else 0
    before = count()
    for _ in range(5):
        world.curl('http://10.80.1.1/direct')
    until('five more requests counted', lambda: count() == before + 5, 5)
    assert 'hydrofoil_up 1' in metrics(world)


def test_exporter_speaks_openmetrics(world):
    done = world.call('gateway', ['curl', '-sS', '-i', '-H', 'Accept: application/openmetrics-text; '
                                  'version=1.0.0', 'http://127.0.0.1:9902/metrics'])
    assert 'application/openmetrics-text' in done.stdout and done.stdout.endswith('# EOF\n')


def test_foilctl_stat(world):
    assert re.search(r'requests|downstream_rq', foilctl(world, 'stat'))


def test_foilctl_conns(world):
    with world.connect() as sock:
        sock.sendall(b'GET /direct HTTP/1.1\r\nHost: x\r\n\r\n')
        sock.recv(1000)
        assert '10.80.1.2' in foilctl(world, 'conns')


def test_foilctl_conns_by_filter(world):
    def seen(*words):
        return json.loads(foilctl(world, 'conns', '--json', *words))['connections']
    with world.connect() as sock:
        sock.sendall(b'GET /hello HTTP/1.1\r\nHost: x\r\n\r\n')
        sock.recv(1000)
        port = str(sock.getsockname()[1])
        mine = seen('--port', port)
        assert len(mine) == 1 and mine[0]['remote'] == f'10.80.1.2:{port}', mine
        assert mine[0]['listener'] == 'http-10.80.1.1' and mine[0]['idle_ms'] < 5000, mine
        assert not seen('--port', port, '--state', 'time-wait')
        assert not seen('--port', port, '--idle', '1h')
        assert seen('--cluster', 'origin'), seen()
        assert all(c['cluster'] == 'origin' for c in seen('--cluster', 'origin'))
    assert 'not a port' in world.call('gateway', [program('foilctl'), 'conns', '-p', 'x'],
                                      check=False).stderr


def test_foilctl_ports_workers_and_neighbours(world):
    world.curl('http://10.80.1.1/hello')
    ports = json.loads(foilctl(world, 'ports', '--json'))['ports']
    assert [p['name'] for p in ports] == ['front', 'back'], ports
    assert all(p['rx_frames'] and p['tx_frames'] and p['link_up'] for p in ports), ports
    workers = json.loads(foilctl(world, 'workers', '--json'))['workers']
    assert workers[0]['polls'] > 0 and 0 <= workers[0]['busy'] <= 1, workers
    found = json.loads(foilctl(world, 'neigh', '--json'))['neighbours']
    assert any(n['address'] == '10.80.2.2' and n['port'] == 'back' and n['mac'] for n in found), found
    assert '10.80.1.2' in foilctl(world, 'neigh')
    shown = json.loads(foilctl(world, 'routes', '--json'))
    routes = shown['routes']
    assert {'10.80.1.0/24', '10.80.2.0/24', 'fd80:1::/64'} <= {r['prefix'] for r in routes}, routes
    (front,) = [a for a in shown['addresses'] if a['address'] == '10.80.1.1/24']
    assert front['port'] == 'front' and front['state'] in ('OPTIMISTIC', 'PREFERRED'), front
    screen = foilctl(world, 'routes')
    assert 'VLAN' in screen and re.search(r'^10\.80\.1\.1/24 +front ', screen, re.MULTILINE), screen


def test_foilctl_requests(world):
    def seen(*words):
        return json.loads(foilctl(world, 'requests', '--json', *words))['requests']
    world.curl('-o', '/dev/null', 'http://10.80.1.1/dead/one?x=1')
    failed = seen()[0]
    assert failed['path'] == '/dead/one?x=1' and failed['cluster'] == 'dead', failed
    assert failed['status'] == 503 and 'UF' in failed['flags'], failed
    assert failed['client'].startswith('10.80.1.2:') and failed['duration_us'] > 0, failed
    assert not any(r['path'] == '/quick' for r in seen('-c', '500'))
    world.curl('-o', '/dev/null', 'http://10.80.1.1/quick')
    foilctl(world, 'requests', '--slow', '--over', '1us')
    world.curl('-o', '/dev/null', 'http://10.80.1.1/unhurried')
    assert seen('--slow')[0]['path'] == '/unhurried', seen('--slow')
    assert not any(r['path'] == '/quick' for r in seen('--slow', '-c', '500'))
    assert 'GET 10.80.1.1/unhurried' in foilctl(world, 'requests', '--slow', '--over', '10s')


def test_foilctl_check(world):
    def check(config):
        path = world.write_json('check.json', config)
        return world.call('gateway', [program('foilctl'), 'check', '-c', path, '--json'],
                          check=False)
    done = check(config.default(world))
    assert done.returncode in (0, 1), done
    assert any(f['subject'] == 'port front' and 'g0' in f['text'] for f in
               json.loads(done.stdout)['findings']), done.stdout
    wrong = config.default(world)
    wrong['hydrofoil']['ports'][0]['af_packet']['interface'] = 'nosuch0'
    done = check(wrong)
    assert done.returncode == 2 and 'there is no interface nosuch0' in done.stdout, done


def test_foilctl_top(world):
    with world.connect() as sock:
        sock.sendall(b'GET /direct HTTP/1.1\r\nHost: x\r\n\r\n')
        sock.recv(1000)
        seen = json.loads(foilctl(world, 'top', '--once', '--json', '--interval', '200ms'))
        assert seen['state'] == 'LIVE' and seen['all']['connections'] >= 1, seen
        assert 0 <= seen['all']['busy'] <= 1 and seen['all']['mbufs_free'] > 0.5, seen
    screen = foilctl(world, 'top', '--once', '-i', '0.1')
    assert 'REQ/s' in screen and 'LIVE' in screen, screen


def test_foilctl_drops(world):
    world.call('client', ['ping', '-c', 1, '-W', 1, '-t', 5, '10.80.1.77'], check=False)
    world.call('client', ['bash', '-c', 'echo x >/dev/udp/10.80.1.1/7'], check=False)
    until('a drop with its reason', lambda: 'UDP_NO_PORT' in foilctl(world, 'drops').upper()
          or 'nobody listens' in foilctl(world, 'drops'), 5)


def test_drain_listeners_takes_no_new_connections(world):
    # The last one: there is no way back.
    with world.connect() as sock:
        assert post(world, '/drain_listeners') == (200, 'OK\n')
        until('no listener', lambda: world.admin('/listeners')[1] == '', 5)
        assert world.admin('/ready') == (200, 'LIVE\n')
        sock.sendall(b'GET /direct HTTP/1.1\r\nHost: x\r\n\r\n')
        answer = sock.recv(1000).lower()
        assert answer.startswith(b'http/1.1 200') and b'connection: close' in answer, answer
    done = world.curl('-m', '3', 'http://10.80.1.1/direct', check=False)
    assert done.returncode == 7, done


if __name__ == '__main__':
    run(globals(), prepare)
