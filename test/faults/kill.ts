/** SIGKILL; nothing where it is gone already. */
export function kill(pid: number | undefined): void {
  try {
    if (pid) process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}
