"""An nginx of our own: own configuration, own folder, in a namespace of the world."""

import os

from tests.e2e.lib.world import until

CONF = '''
user root;  # files may lie where others can't read; the sandbox is the fence
daemon off;
master_process on;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
	access_log off;
	keepalive_requests 1000000;
	client_body_temp_path {folder}/body;
	proxy_temp_path {folder}/proxy;
	fastcgi_temp_path {folder}/fastcgi;
	uwsgi_temp_path {folder}/uwsgi;
	scgi_temp_path {folder}/scgi;
	server {{
		listen 8081 backlog=4096;
		listen [::]:8081 backlog=4096;
		root {folder};
		add_header x-connection $connection;
		location = /hello {{ return 200 "hello from nginx\\n"; }}
	}}
}}
'''


class Nginx:
    def __init__(self, world):
        self.world = world
        self.folder = os.path.join(world.folder, 'nginx')
        os.makedirs(self.folder, exist_ok=True)
        self.conf = os.path.join(self.folder, 'nginx.conf')
        with open(self.conf, 'w', encoding='utf-8') as f:
            f.write(CONF.format(folder=self.folder))
        self.start()

    def start(self):
        self.master = self.world.start(
            'origin', ['/usr/sbin/nginx', '-p', self.folder, '-c', self.conf,
                       '-e', f'{self.folder}/error.log'],
            os.path.join(self.folder, 'out.log'))
        until('nginx listens', lambda: self.world.listens('origin', 8081))

    def kill(self):
        """kill -9 of master and workers: no FIN is sent by them, the kernel resets."""
        workers = self.world.call('origin', ['pgrep', '-P', self.master.pid]).stdout.split()
        self.master.kill()
        self.master.wait()
        self.world.call('origin', ['kill', '-9', *workers], check=False)
        until('nginx is gone', lambda: not self.world.listens('origin', 8081))
