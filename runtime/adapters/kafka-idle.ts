import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'

/** Milliseconds between looks at requests that wait for others of the same connection. */
const LOOK_AGAIN = 10

/**
 * kafkajs 2.2.4 looks every millisecond, for each connection, whether requests may be sent that wait, also where none waits
 * (https://github.com/tulios/kafkajs/issues/1704), by timers in the past, of which Node warns. It looks where one waits.
 */
export function quietKafkajs(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = function schedule() {
    if (this.throttleCheckTimeoutId || this.pending.length === 0) return
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null
        this.checkPendingRequests()
      },
      Math.max(LOOK_AGAIN, this.throttledUntil - Date.now()),
    )
  }
}
