#!/usr/bin/env bash
# Starts the services of the full mode that are installed but stopped, and says where they are.
# With CI set, a missing one ends the run by its name.
set -u

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start() { # name, port, command
  local name=$1 port=$2 command=$3
  listening "$port" && return 0
  if ! command -v "${command%% *}" >/dev/null 2>&1; then
    echo "services: $name is not installed" >&2
    [ -n "${CI:-}" ] && exit 1
    return 0
  fi
  bash -c "$command" >/dev/null 2>&1
  for _ in $(seq 60); do listening "$port" && return 0; sleep 0.5; done
  echo "services: $name did not start on port $port" >&2
  [ -n "${CI:-}" ] && exit 1
  return 0
}

start PostgreSQL 5432 "pg_ctlcluster --skip-systemctl-redirect $(ls /etc/postgresql 2>/dev/null | head -1) main start"
start Redis 6379 "redis-server --daemonize yes --bind 127.0.0.1 --port 6379 --save '' --appendonly no"
start RabbitMQ 5672 "rabbitmq-server -detached"
start Mosquitto 1883 "mosquitto -d -p 1883"
