"""`python -m tests.support.check_services`: exit with 1 unless PostgreSQL and Redis answer."""

import os
import sys

import psycopg
import redis


def main():
    try:
        with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=3) as connection:
            version = connection.info.server_version // 10_000
        with redis.from_url(os.environ["CACHE_URL"], socket_connect_timeout=3) as client:
            client.ping()
    except (psycopg.OperationalError, redis.ConnectionError) as error:
        print(f"Skipped the tests on PostgreSQL and Redis. {error}")
        return 1
    print(f"Tests on PostgreSQL {version} and Redis:")
    return 0


if __name__ == "__main__":
    sys.exit(main())
