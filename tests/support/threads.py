"""Threads with database connections of their own, for the tests of races."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def run_at_once(*functions):
    """Call the functions at the same moment, in threads. Return their results and exceptions."""
    start = threading.Barrier(len(functions))

    def call(function):
        try:
            start.wait()
            return function()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(functions)) as pool:
        futures = [pool.submit(call, function) for function in functions]
    return [future.exception() or future.result() for future in futures]
