/** Resolves with the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once. */
export function stopped(): Promise<void> {
  // Signals alone do not keep a process alive.
  const alive = setInterval(() => undefined, 1 << 30)
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        clearInterval(alive)
        resolve()
        process.once(signal, () => process.exit(1))
      })
    }
  })
}
