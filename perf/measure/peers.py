"""nginx, HAProxy and Envoy doing the same work: proxy on core 0, wrk and the origin (nginx) on core 1.

Where they do it is a place with the methods start(part, argv, output) and call(part, argv), parts being
"client", "gateway" and "origin", and with the addresses front and endpoints, each (host, port)."""
import json
import os
import re
import shutil
import subprocess
import time

from measure import bootstrap, cpu
from measure.failure import Failure
from tests.lib import envoy

NGINX_COMMON = '''
user root; worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; default_type application/octet-stream;
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
  fastcgi_temp_path {folder}/{name}-fastcgi; uwsgi_temp_path {folder}/{name}-uwsgi;
  scgi_temp_path {folder}/{name}-scgi;
{body} }}
'''

ORIGIN = '''  server {{ {listens} root {folder}; location / {{ try_files /answer =404; }} }}'''

NGINX = '''
  upstream origin {{ {servers} keepalive 256; keepalive_requests 100000000; }}
  server {{ listen {front};
{locations}
  }}'''

LOCATION = '''location /route/{n}/ {{ proxy_pass http://origin; proxy_http_version 1.1;
    proxy_set_header Connection ""; }}'''

HAPROXY = '''
global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend front
  bind {front}
{rules}
backend origin
  option forwardfor
{servers}
'''

WRK = '''
local n = 0
local padding = string.rep("p", 180)
request = function()
  n = (n + 1) % {routes}
  return wrk.format("GET", "/route/" .. n .. "/item?id=42", {{
    ["Host"] = "gateway.test", ["User-Agent"] = "foil-load",
    ["Accept"] = "text/html,application/json;q=0.9", ["Accept-Encoding"] = "gzip, deflate",
    ["Accept-Language"] = "en-GB,en;q=0.8", ["X-Padding"] = padding}})
end
delay = {delay}
'''


class Loopback:
    front = '127.0.0.1', 18080
    endpoints = [(f'127.0.0.{n}', 18081) for n in (1, 2, 3, 4)]

    def received_ns(self):
        return 0  # over lo who sends pays, client and origin included

    def start(self, _, argv, output):
        with open(output, 'ab') as log:
            return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def call(self, _, argv, check=True):
        return subprocess.run(argv, check=check, capture_output=True, text=True)


def text_of(address):
    return f'{address[0]}:{address[1]}'


def write(path, text):
    with open(path, 'w') as file:
        file.write(text)
    return path


def nginx(name, folder, body):
    path = write(f'{folder}/{name}.conf', NGINX_COMMON.format(folder=folder, name=name, body=body))
    return [shutil.which('nginx'), '-p', folder, '-c', path, '-e', f'{folder}/{name}.log']


def nginx_proxy(folder, place):
    locations = '\n'.join(LOCATION.format(n=n) for n in range(bootstrap.ROUTES))
    servers = ' '.join(f'server {text_of(at)};' for at in place.endpoints)
    return nginx('nginx', folder, NGINX.format(servers=servers, front=text_of(place.front),
                                               locations=locations))


def haproxy_proxy(folder, place):
    rules = '\n'.join(f'  use_backend origin if {{ path_beg /route/{n}/ }}'
                      for n in range(bootstrap.ROUTES))
    servers = '\n'.join(f'  server s{n} {text_of(at)}' for n, at in enumerate(place.endpoints))
    path = write(f'{folder}/haproxy.cfg', HAPROXY.format(front=text_of(place.front), rules=rules,
                                                        servers=servers))
    return [shutil.which('haproxy'), '-db', '-f', path]


def envoy_proxy(folder, place):
    path = write(f'{folder}/envoy.json', json.dumps(
        {'static_resources': bootstrap.static_resources(place.front, place.endpoints)}))
    return [envoy.program(), '-c', path, '--concurrency', '1', '--disable-hot-restart', '-l', 'warn']


# How each is started, and what says that it is here.
PEERS = {'nginx': (nginx_proxy, lambda: shutil.which('nginx')),
         'haproxy': (haproxy_proxy, lambda: shutil.which('haproxy')),
         'envoy': (envoy_proxy, envoy.program)}


def start(place, part, core, argv, folder, name, address):
    """Started and listening, or a Failure that shows what it wrote."""
    outputs = f'{folder}/{name}.out', f'{folder}/{name}.log'
    process = place.start(part, ['taskset', '-c', core, *argv], outputs[0])
    end = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < end:
        if place.call(part, ['ss', '-Hltn', f'sport = :{address[1]}']).stdout.strip():
            return process
        time.sleep(0.05)
    ended = process.poll() is not None
    stop(process)
    raise Failure(f'{name} ' + (f'ended with {process.returncode}' if ended else 'does not listen on '
                                f'{text_of(address)}'), *(o for o in outputs if os.path.exists(o)))


def stop(process):
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start_origin(place, folder):
    write(f'{folder}/answer', 'x' * 1024)
    listens = ' '.join(f'listen {text_of(at)};' for at in place.endpoints)
    argv = nginx('origin', folder, ORIGIN.format(listens=listens, folder=folder))
    return start(place, 'origin', '1', argv, folder, 'origin', place.endpoints[0])


def load(place, folder, seconds, connections, pause_ms=0):
    """Runs wrk; returns its answers and seconds.  pause_ms: each connection waits 0 to twice that long
    before a request, so that the load does not depend on how fast the proxy is."""
    delay = f'function() return math.random(0, {2 * pause_ms}) end' if pause_ms else 'nil'
    script = write(f'{folder}/wrk.lua', WRK.format(routes=bootstrap.ROUTES, delay=delay))
    out = place.call('client', ['taskset', '-c', '1', 'wrk', '-t', '1', '-c', str(connections), '-d',
                                f'{max(1, int(seconds))}s', '-s', script,
                                f'http://{text_of(place.front)}/']).stdout
    done = re.search(r'(\d+) requests in ([0-9.]+)s', out)
    if not done or done.group(1) == '0' or 'Non-2xx' in out or 'Socket errors' in out:
        raise Failure(f'wrk was not served well: {out}')
    return {'answers': int(done.group(1)), 'seconds': float(done.group(2))}


def measure_one(name, place, folder, options, pause_ms):
    proxy = start(place, 'gateway', '0', PEERS[name][0](folder, place), folder, name, place.front)
    try:
        load(place, folder, 1, options.connections)
        pids = cpu.children(proxy.pid)
        before, received_ns = cpu.process_cpu_ns(pids), place.received_ns()
        done = load(place, folder, options.seconds, options.connections, pause_ms)
        used_ns, received_ns = cpu.process_cpu_ns(pids) - before, place.received_ns() - received_ns
        return {'us': (used_ns + received_ns) / done['answers'] / 1e3,
                'received_us': received_ns / done['answers'] / 1e3,
                'per_second': done['answers'] / done['seconds']}
    finally:
        stop(proxy)


def measure(names, place, folder, options, pause_ms=0):
    """({name: figures}, [why one was left out])."""
    here = [name for name in names if PEERS[name][1]()]
    left_out = [f'{name}: not installed' for name in names if name not in here]
    origin = start_origin(place, folder)
    try:
        return {name: measure_one(name, place, folder, options, pause_ms) for name in here}, left_out
    finally:
        stop(origin)
