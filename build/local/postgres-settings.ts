/** The server's arguments: for one laptop, reached on 127.0.0.1 alone. */
export function postgresSettings(port: number, durable: boolean): readonly string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '64MB',
    max_wal_size: '256MB',
    // Queries over much data are DuckDB's; and parallel workers need more of /dev/shm than a container has.
    max_parallel_workers_per_gather: 0,
    jit: 'off',
    log_checkpoints: 'off',
    log_line_prefix: '%m [%p] %q%u@%d ',
    // A failed statement may hold a secret.
    log_min_error_statement: 'panic',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
