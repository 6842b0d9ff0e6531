/**
 * Takes the doors to the real world away while a simulation runs: who asks for the time, for chance, for a timer or the
 * network other than through a port gets an error, and is noted even where the error is swallowed.
 */

/** Somebody has gone past the ports. */
export class Escape extends Error {
  override readonly name = 'Escape'
}

/** What was reached for since the poison is there. */
export interface Poison {
  readonly escapes: readonly string[]
  /** Puts everything back. */
  lift(): void
}

type Owner = { [name: string]: unknown }

/** @param vendorNow the time that packages are told: they have no ports, and what they make of it is not used */
export function poisonGlobals(vendorNow: (() => number) | null = null): Poison {
  const escapes: string[] = []
  const undo: (() => void)[] = []
  const caught = (name: string): never => {
    escapes.push(name)
    throw new Escape(`escape: ${name}`)
  }
  const replace = (owner: object, name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(owner, name)
    Object.defineProperty(owner, name, { value, configurable: true, writable: true })
    undo.push(() => {
      if (before === undefined) delete (owner as Owner)[name]
      else Object.defineProperty(owner, name, before)
    })
  }
  const forbid = (owner: object, prefix: string, names: readonly string[]): void => {
    for (const name of names) replace(owner, name, () => caught(`${prefix}${name}`))
  }
  const RealDate = Date
  replace(RealDate, 'now', () =>
    vendorNow !== null && isCalledByPackage() ? vendorNow() : caught('Date.now'),
  )
  replace(
    globalThis,
    'Date',
    new Proxy(RealDate, {
      construct: (target, args: unknown[]) =>
        args.length === 0 ? caught('new Date') : Reflect.construct(target, args),
      apply: () => caught('Date()'),
    }),
  )
  forbid(Math, 'Math.', ['random'])
  forbid(performance, 'performance.', ['now'])
  forbid(crypto, 'crypto.', ['getRandomValues', 'randomUUID'])
  forbid(globalThis, '', ['setTimeout', 'setInterval', 'setImmediate', 'fetch'])
  return {
    escapes,
    lift() {
      for (const back of undo.reverse()) back()
    },
  }
}

/** Whether whoever reached for a global is code of a package. */
function isCalledByPackage(): boolean {
  // The frames of this function and of what stands for the global come first.
  return /\/node_modules\//.test(String(new Error('who').stack).split('\n')[3] ?? '')
}
