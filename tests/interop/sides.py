"""Two proxies with one bootstrap, each in a namespace of its own with an origin of its own.

    namespace "gateway": curl ── hydrofoil 127.0.0.1:8000 … ── origin 127.0.0.1:8080
    namespace "client":  curl ── envoy     127.0.0.1:8000 … ── origin 127.0.0.1:8080

Addresses, ports and names are the same on both, so that what they say can be held side by side.
"""

import json
import os
import re
import socket
import urllib.request

from tests.e2e.lib import config
from tests.e2e.lib.world import program, until

ADMIN = 9901
HTTP, TCP, NARROW, DEAD_TCP = 8000, 9000, 8001, 9001
LOG_FORMAT = ('%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL% %RESPONSE_CODE% '
              '%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% rx=%BYTES_RECEIVED% tx=%BYTES_SENT% '
              'host=%UPSTREAM_HOST% cluster=%UPSTREAM_CLUSTER% route=%ROUTE_NAME% '
              'auth=%REQ(:AUTHORITY)% why="%UPSTREAM_TRANSPORT_FAILURE_REASON%" '
              'down=%DOWNSTREAM_LOCAL_ADDRESS% from=%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% '
              'attempts=%UPSTREAM_REQUEST_ATTEMPT_COUNT% type=%RESP(CONTENT-TYPE)%\n')


def routes():
    retried = config.route('/retried/', 'dead', retry_policy={'retry_on': 'connect-failure',
                                                              'num_retries': 2})
    again = config.route('/again/', 'origin', prefix_rewrite='/', retry_policy={
        'retry_on': '5xx', 'num_retries': 1})
    named = {**config.route('/named/', 'origin', prefix_rewrite='/'), 'name': 'the-name'}
    made = [
        {'match': {'path': '/direct'},
         'direct_response': {'status': 200, 'body': {'inline_string': 'from the gateway\n'}}},
        {'match': {'path': '/teapot'}, 'direct_response': {'status': 418}},
        {'match': {'path': '/old'}, 'redirect': {'path_redirect': '/new'}},
        {'match': {'path': '/moved'}, 'redirect': {'host_redirect': 'else.test', 'response_code': 'FOUND'}},
        retried, again, named,
        config.route('/dead/', 'dead'),
        config.route('/late/', 'origin', timeout='0.3s', prefix_rewrite='/'),
        config.route('/try/', 'origin', timeout='5s', prefix_rewrite='/', retry_policy={
            'retry_on': '5xx', 'num_retries': 1, 'per_try_timeout': '0.2s'}),
        config.route('/empty/', 'empty'),
        config.route('/narrow/', 'narrow', prefix_rewrite='/'),
        config.route('/nowhere/', 'nowhere'),
        config.route('/', 'origin')]
    return [{'name': 'only', 'domains': ['only.test'], 'routes': [config.route('/only', 'origin')]},
            {'name': 'secure', 'domains': ['secure.test'], 'require_tls': 'ALL', 'routes': made},
            {'name': 'all', 'domains': ['*'], 'routes': made}]


def bootstrap(folder):
    class Here:
        access_log = os.path.join(folder, 'access.log')
    log = [{'name': 'file', 'typed_config': config.any_of(
        config.FILE_LOG, path=Here.access_log,
        log_format={'text_format_source': {'inline_string': LOG_FORMAT}})}]
    table = {'name': 'local', 'validate_clusters': False, 'virtual_hosts': routes()}
    plain = config.http_listener(Here, '127.0.0.1', HTTP, access_log=log, route_config=table,
                                 http_protocol_options={},
                                 http_filters=[{'name': 'envoy.filters.http.router',
                                                'typed_config': config.any_of(config.ROUTER)}])
    one = {'circuit_breakers': {'thresholds': [{'max_connections': 1, 'max_pending_requests': 1,
                                                'max_requests': 1, 'max_retries': 1,
                                                'track_remaining': True}]}}
    return {
        'node': {'id': 'interop', 'cluster': 'interop'},
        'admin': {'address': config.address('127.0.0.1', ADMIN)},
        'static_resources': {
            'listeners': [plain, config.tcp_listener('127.0.0.1', TCP, 'echo'),
                          config.tcp_listener('127.0.0.1', DEAD_TCP, 'dead')],
            'clusters': [config.cluster('origin', ('127.0.0.1', 8080)),
                         config.cluster('dead', ('127.0.0.1', 8099)),
                         config.cluster('empty'),
                         config.cluster('narrow', ('127.0.0.1', 8080), **one),
                         config.cluster('echo', ('127.0.0.1', 8082))]}}


class Side:
    """One of both; `world` starts and ends its processes."""

    def __init__(self, world, name, namespace, argv):
        self.world, self.name, self.namespace = world, name, namespace
        self.folder = os.path.join(world.folder, name)
        os.makedirs(self.folder)
        self.access_log = os.path.join(self.folder, 'access.log')
        self.bootstrap = bootstrap(self.folder)
        path = world.write_json(f'{name}.json', self.bootstrap)
        world.start(namespace, ['/usr/bin/python3', '-B', '-m', 'tests.e2e.lib.origin', '127.0.0.1', 8080],
                    os.path.join(self.folder, 'origin.log'))
        until('the origin listens', lambda: world.listens(namespace, 8080))
        self.process = world.start(namespace, [*argv, '-c', path], os.path.join(self.folder, 'log'))
        until(f'{name} is ready', self.is_ready, 30)

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f'{self.name} ended with {self.process.returncode}')
        try:
            return self.admin('/ready')[0] == 200
        except OSError:
            return False

    def admin(self, path, method='GET', headers=None):
        """(status, headers, body) of the admin address."""
        request = urllib.request.Request(f'http://127.0.0.1:{ADMIN}{path}', method=method,
                                         headers=headers or {})
        with self.world.inside(self.namespace):
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status, answer.headers, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.headers, error.read().decode()

    def json(self, path):
        return json.loads(self.admin(path)[2])

    def connect(self, port=HTTP):
        with self.world.inside(self.namespace):
            return socket.create_connection(('127.0.0.1', port), timeout=10)

    def raw(self, text, port=HTTP, half_close=False):
        """What comes back until the proxy closes, or one whole answer is there."""
        with self.connect(port) as sock:
            sock.sendall(text)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
            got = b''
            while not is_whole(got):
                try:
                    piece = sock.recv(65536)
                except ConnectionResetError:
                    return got + b'(reset)'
                if not piece:
                    return got + b'(end)'
                got += piece
            return got

    def log_lines(self):
        try:
            with open(self.access_log, encoding='utf-8') as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def stats(self):
        """Counters and gauges by name; distributions: how many values they have."""
        found = {}
        for line in self.admin('/stats')[2].splitlines():
            name, _, value = line.rpartition(': ')
            if re.fullmatch(r'-?\d+', value):
                found[name] = int(value)
        return found


def is_whole(got):
    head, end, body = got.partition(b'\r\n\r\n')
    if not end or re.match(rb'HTTP/1\.1 1\d\d ', head):
        return False
    length = re.search(rb'(?i)\r\ncontent-length: (\d+)', head)
    if length:
        return len(body) >= int(length.group(1))
    return b'chunked' in head and b'0\r\n' in body and body.endswith(b'\r\n\r\n')


def hydrofoil(world):
    return Side(world, 'hydrofoil', 'gateway', [program('hydrofoil')])


def envoy(world, path):
    return Side(world, 'envoy', 'client', [path, '--concurrency', '1', '-l', 'warning',
                                           '--disable-hot-restart', '--file-flush-interval-msec', '50'])
