"""Namespaces, links and processes of one e2e program.

    namespace "client"                 namespace "gateway"                  namespace "origin"
    10.80.1.2/24                    10.80.1.1    10.80.2.1                  10.80.2.2/24 .3
    fd80:1::2/64                    fd80:1::1    fd80:2::1                  fd80:2::2/64
       c0 ═════════ veth ═════════ g0  hydrofoil  g1 ═════════ veth ════════ o0

Over tap ports (HYDROFOIL_PORT_KIND=tap) the gateway makes t0 and t1 itself, and bridges b0 and b1 join
them with g0 and g1.

g0 and g1 have no address and no IPv6: the kernel there only carries frames to the af_packet ports.
Offloads of the peers are off, so that Linux sends whole checksums and no super-frames.  The program
itself already lives in a sandbox (deploy/sandbox), so all of this vanishes with it.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

from tests.e2e.lib import config as bootstrap

CLONE_NEWNET = 0x40000000
CLIENT4, CLIENT6 = '10.80.1.2', 'fd80:1::2'
FRONT4, FRONT6 = '10.80.1.1', 'fd80:1::1'
BACK4, BACK6 = '10.80.2.1', 'fd80:2::1'
ORIGIN4, ORIGIN6, ORIGIN4_B = '10.80.2.2', 'fd80:2::2', '10.80.2.3'
ADMIN = ('127.0.0.1', 9901)
BUILD = os.environ.get('HYDROFOIL_BUILD', 'build/plain')
libc = ctypes.CDLL(None, use_errno=True)


def sh(command):
    done = subprocess.run(command, shell=True, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise RuntimeError(f'{command}: {done.stdout.strip()}')
    return done.stdout


def until(what, condition, limit_s=10.0):
    """Polls condition() until it is true; returns what it returned."""
    end = time.monotonic() + limit_s
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f'not within {limit_s} s: {what}')
        time.sleep(0.02)


class World:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='world-')
        self.processes = []
        self.gateway = None
        self.log_path = os.path.join(self.folder, 'gateway.log')
        self.access_log = os.path.join(self.folder, 'access.log')
        for name in ('client', 'gateway', 'origin'):
            sh(f'ip netns add {name} && ip -n {name} link set lo up')
        for near, name, far in (('g0', 'client', 'c0'), ('g1', 'origin', 'o0')):
            sh(f'ip -n gateway link add {near} type veth peer name {far} netns {name}')
            sh(f'ip netns exec gateway sysctl -qw net.ipv6.conf.{near}.disable_ipv6=1 '
               'net.ipv4.ip_forward=0')
            for place, link in (('gateway', near), (name, far)):
                sh(f'ip -n {place} link set {link} up')
                sh(f'ip netns exec {place} ethtool -K {link} tx off tso off gso off gro off')
        self.address('client', 'c0', CLIENT4, CLIENT6, FRONT4, FRONT6)
        self.address('origin', 'o0', ORIGIN4, ORIGIN6, BACK4, BACK6)
        sh(f'ip -n origin addr add {ORIGIN4_B}/24 dev o0')
        sh('ip netns exec client sysctl -qw net.ipv4.ip_local_port_range="1024 65000"')

    @staticmethod
    def address(name, link, v4, v6, gateway4, gateway6):
        sh(f'ip -n {name} addr add {v4}/24 dev {link}')
        sh(f'ip -n {name} addr add {v6}/64 dev {link} nodad')
        sh(f'ip -n {name} route add default via {gateway4}')
        sh(f'ip -n {name} -6 route add default via {gateway6}')

    # --- processes ---------------------------------------------------------------------------

    @contextlib.contextmanager
    def inside(self, name):
        """Sockets and processes made in this block live in that namespace."""
        home = os.open('/proc/self/ns/net', os.O_RDONLY)
        there = os.open(f'/run/netns/{name}', os.O_RDONLY)
        try:
            if libc.setns(there, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), 'setns')
            yield
        finally:
            libc.setns(home, CLONE_NEWNET)
            os.close(home)
            os.close(there)

    def start(self, name, argv, output=None):
        """A process in a namespace, ended with the world.  What it prints goes to the file
        `output`, else to one of its own; a test that fails shows the end of each (logs())."""
        program_name = os.path.basename(str(argv[0]))
        path = output or os.path.join(self.folder, f'{program_name}-{len(self.processes)}.log')
        with open(path, 'ab') as sink, self.inside(name):
            process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL,
                                       stdout=sink, stderr=subprocess.STDOUT)
        process.log_path = path
        self.processes.append(process)
        return process

    def logs(self):
        """(name and state, lines) of every log that a started process writes."""
        states = {}
        for process in self.processes:
            if hasattr(process, 'log_path'):
                status = process.poll()
                states[process.log_path] = 'runs' if status is None else f'ended with {status}'
        for path, state in states.items():
            with open(path, encoding='utf-8', errors='replace') as f:
                yield f'{os.path.basename(path)} ({state})', f.read().splitlines()

    def call(self, name, argv, check=True, limit_s=60, stdin=subprocess.DEVNULL):
        """Runs to the end in a namespace; returns the CompletedProcess with text output."""
        with self.inside(name):
            done = subprocess.run([str(a) for a in argv], stdin=stdin, text=True,
                                  errors='replace', stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  timeout=limit_s, check=False)
        if check and done.returncode:
            raise AssertionError(f'{argv}: exit {done.returncode}: {done.stdout}{done.stderr}')
        return done

    def curl(self, *words, check=True, limit_s=60):
        return self.call('client', ['curl', '-sS', '--max-time', limit_s, *words], check=check,
                         limit_s=limit_s + 5)

    def origin(self, port=8080, address='::', name='origin'):
        """The Python origin (tests/e2e/lib/origin.py), listening on return."""
        process = self.start('origin', ['/usr/bin/python3', '-B', '-m', 'tests.e2e.lib.origin',
                                        address, port], os.path.join(self.folder, f'{name}.log'))
        until(f'origin on port {port}', lambda: self.listens('origin', port))
        return process

    def listens(self, name, port):
        return self.call(name, ['ss', '-Hltn', f'sport = :{port}']).stdout.strip()

    # --- the gateway -------------------------------------------------------------------------

    def start_gateway(self, config, *options, ready=True):
        path = self.write_json('bootstrap.json', config)
        self.gateway = self.start('gateway', [program('hydrofoil'), '-c', path, *options],
                                  self.log_path)
        if os.environ.get('HYDROFOIL_PORT_KIND') == 'tap' and ready:
            self.bridge()
        if ready:
            until('/ready says LIVE', self.is_ready, 20)
        return self.gateway

    def bridge(self):
        for tap, link, bridge in (('t0', 'g0', 'b0'), ('t1', 'g1', 'b1')):
            until(f'interface {tap}', lambda tap=tap: self.gateway.poll() is not None or not self.call(
                'gateway', ['ip', 'link', 'show', tap], check=False).returncode, 20)
            sh(f'ip -n gateway link show {bridge} >/dev/null 2>&1 || '
               f'ip -n gateway link add {bridge} type bridge')
            sh(f'ip netns exec gateway sysctl -qw net.ipv6.conf.{bridge}.disable_ipv6=1 '
               f'net.ipv6.conf.{tap}.disable_ipv6=1')
            for member in (tap, link):
                sh(f'ip -n gateway link set {member} master {bridge}')
            sh(f'ip -n gateway link set {bridge} up')

    def write_json(self, name, value):
        path = os.path.join(self.folder, name)
        with open(path, 'w', encoding='utf-8') as f:
            json.dump(value, f, indent=1)
        return path

    def is_ready(self):
        if self.gateway.poll() is not None:
            raise AssertionError(f'hydrofoil ended with {self.gateway.returncode}')
        try:
            return self.admin('/ready')[0] == 200
        except OSError:
            return False

    def admin(self, path, method='GET'):
        """(status, body) of a request to the admin address."""
        request = urllib.request.Request(f'http://{ADMIN[0]}:{ADMIN[1]}{path}', method=method)
        with self.inside('gateway'):
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

    def stop_gateway(self, limit_s=20):
        """SIGTERM; returns the exit status."""
        self.gateway.send_signal(signal.SIGTERM)
        return self.gateway.wait(limit_s)

    def gateway_log(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as f:
            return f.read()

    def connect(self, address=FRONT4, port=80, timeout_s=10.0):
        with self.inside('client'):
            return socket.create_connection((address, port), timeout=timeout_s)

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
                process.wait()


def program(name):
    """hydrofoil, hydrofoil-exporter, foilctl: wherever meson put it."""
    for folder in ('dataplane', 'dataplane/exporter', 'dataplane/foilctl', 'perf'):
        path = os.path.join(BUILD, folder, name)
        if os.path.isfile(path):
            return path
    raise FileNotFoundError(f'{name} is not built in {BUILD}')


def start_default(world, **changes):
    """What most files want: the Python origin and the gateway with bootstrap.default()."""
    world.origin()
    world.start_gateway(bootstrap.default(world, **changes))
