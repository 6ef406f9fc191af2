"""`python tests/services.py`: do PostgreSQL and Redis answer? Says so; status 1 where not."""

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
        print(f"Left out: the tests on PostgreSQL and Redis. {error}")
        return 1
    print(f"The tests of what is stored, on PostgreSQL {version} and Redis:")
    return 0


if __name__ == "__main__":
    sys.exit(main())
