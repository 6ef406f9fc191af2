"""Threads with database connections of their own, for the tests of races."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def with_own_connection(function):
    """Call the function, then close the database connection that this thread has opened."""
    try:
        return function()
    finally:
        connection.close()


def run_at_once(*functions):
    """Call the functions at the same moment, in threads. Return their results and exceptions."""
    start = threading.Barrier(len(functions))

    def call(function):
        start.wait()
        return with_own_connection(function)

    with ThreadPoolExecutor(len(functions)) as pool:
        futures = [pool.submit(call, function) for function in functions]
    return [future.exception() or future.result() for future in futures]
