"""The production server: threads in one process; WEB_CONCURRENCY asks for more processes."""

import os

bind = f"{os.environ.get('BIND') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"
# Nobody steers it from outside, and two sites of one user would share the socket.
control_socket_disable = True
worker_class = "gthread"
threads = 4
# A worker's heartbeat file must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
