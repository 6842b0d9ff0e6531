/** Throws when an invariant of bbw itself is broken: a fault to crash on, never a message for a user's mistake. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`)
}

/**
 * Throws like a failed `assert`. For hot paths, where the message of an `assert` would be put together every time:
 * `if (wrong) broken(...)`.
 */
export function broken(message: string): never {
  throw new Error(`broken invariant: ${message}`)
}

/** Closes an exhaustive switch: the compiler refuses a case left out, and so does the run. */
export function unreachable(value: never): never {
  throw new Error(`broken invariant: unexpected ${JSON.stringify(value)}`)
}
