"""nginx and HAProxy doing the same work over loopback: proxy on core 0, wrk and the origin on core 1."""
import os
import shutil
import signal
import socket
import subprocess
import time

from measure import bootstrap, cpu

ORIGIN_PORT = 18081
PROXY_PORT = 18080

ORIGIN = '''
worker_processes 1; daemon off; pid {folder}/origin.pid; error_log {folder}/origin.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; default_type application/octet-stream;
  server {{ listen 127.0.0.1:{origin}; root {folder}; location / {{ try_files /answer =404; }} }} }}
'''

NGINX = '''
worker_processes 1; daemon off; pid {folder}/proxy.pid; error_log {folder}/proxy.log;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 100000000; proxy_temp_path {folder}/temp;
  client_body_temp_path {folder}/body;
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 256; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{proxy};
{locations}
  }} }}
'''

LOCATION = '''location /route/{n}/ {{ proxy_pass http://origin; proxy_http_version 1.1;
    proxy_set_header Connection ""; }}'''

HAPROXY = '''
global
  nbthread 1
  maxconn 10000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend front
  bind 127.0.0.1:{proxy}
{rules}
backend origin
  option forwardfor
  server one 127.0.0.1:{origin}
'''


def nginx_proxy(folder):
    locations = '\n'.join(LOCATION.format(n=n) for n in range(bootstrap.ROUTES))
    path = f'{folder}/nginx.conf'
    write(path, NGINX.format(folder=folder, origin=ORIGIN_PORT, proxy=PROXY_PORT, locations=locations))
    return ['nginx', '-p', folder, '-c', path, '-e', f'{folder}/proxy.log']


def haproxy_proxy(folder):
    rules = '\n'.join(f'  use_backend origin if {{ path_beg /route/{n}/ }}'
                      for n in range(bootstrap.ROUTES))
    path = f'{folder}/haproxy.cfg'
    write(path, HAPROXY.format(origin=ORIGIN_PORT, proxy=PROXY_PORT, rules=rules))
    return ['haproxy', '-db', '-f', path]


PEERS = {'nginx': nginx_proxy, 'haproxy': haproxy_proxy}


def write(path, text):
    with open(path, 'w') as file:
        file.write(text)


def wrk_script(folder):
    path = f'{folder}/paths.lua'
    write(path, f'''
local n = 0
local padding = string.rep("p", 180)
request = function()
  n = (n + 1) % {bootstrap.ROUTES}
  return wrk.format("GET", "/route/" .. n .. "/item?id=42", {{
    ["Host"] = "gateway.test", ["User-Agent"] = "foil-load",
    ["Accept"] = "text/html,application/json;q=0.9", ["Accept-Encoding"] = "gzip, deflate",
    ["Accept-Language"] = "en-GB,en;q=0.8", ["X-Padding"] = padding}})
end
''')
    return path


def requests_of(output):
    for line in output.splitlines():
        if 'requests in' in line:
            return int(line.split()[0])
    raise RuntimeError('wrk: ' + output)


def load(folder, seconds, connections):
    out = subprocess.run(['taskset', '-c', '1', 'wrk', '-t', '1', '-c', str(connections), '-d', f'{seconds}s',
                          '-s', wrk_script(folder), f'http://127.0.0.1:{PROXY_PORT}/'],
                         check=True, capture_output=True, text=True).stdout
    return requests_of(out)


def wait_for(port):
    """Until somebody listens, ten seconds at most."""
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(('127.0.0.1', port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f'nobody listens on {port}')


def measure_one(command, folder, options):
    proxy = subprocess.Popen(['taskset', '-c', '0', *command], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    try:
        wait_for(PROXY_PORT)
        load(folder, 1, options.connections)
        pids = cpu.children(proxy.pid)
        before = cpu.process_cpu_ns(pids)
        requests = load(folder, max(1, int(options.seconds)), options.connections)
        return {'us': (cpu.process_cpu_ns(pids) - before) / requests / 1e3, 'requests': requests}
    finally:
        proxy.send_signal(signal.SIGTERM)
        proxy.wait(timeout=10)


def measure(folder, options):
    write(f'{folder}/answer', 'x' * 1024)
    os.chmod(folder, 0o755)
    write(f'{folder}/origin.conf', ORIGIN.format(folder=folder, origin=ORIGIN_PORT))
    origin = subprocess.Popen(['taskset', '-c', '1', 'nginx', '-p', folder, '-c', f'{folder}/origin.conf',
                               '-e', f'{folder}/origin.log'], stderr=subprocess.DEVNULL)
    try:
        wait_for(ORIGIN_PORT)
        return {name: measure_one(command(folder), folder, options)
                for name, command in PEERS.items() if shutil.which(name)}
    finally:
        origin.send_signal(signal.SIGTERM)
        origin.wait(timeout=10)
