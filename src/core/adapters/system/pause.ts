/** Blocks this thread, for work that must not yield: waiting for a lock inside a synchronous write. */
export function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
