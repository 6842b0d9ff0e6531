/** What bbw's exit status says; each is listed with its meaning in `EXIT_MEANINGS`. */
export const EXIT = {
  /** Done; also after a clean stop by SIGTERM and when the reader of a pipe has gone. */
  ok: 0,
  /** A fault of bbw itself, or of its store. */
  fault: 1,
  /** A wrong flag or argument, or data that cannot be used. */
  usage: 2,
  /** What was asked for is not there, or the loop is not running. */
  notFound: 3,
  /** Configuration, credentials or the installation. */
  configuration: 4,
  /** The network or the exchange. */
  exchange: 5,
  /** A risk rule, a cap or the kill switch said no. */
  refused: 6,
  /** A verdict failed: what was checked is not as it should be. */
  differs: 7,
  /** A lock or a budget is taken; the same command may succeed later. */
  busy: 75,
  /** Another instance owns the account. */
  held: 79,
  /** Ctrl-C. */
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Every exit code with its meaning for the user, as the README shows it. */
export const EXIT_MEANINGS: readonly { readonly code: ExitCode; readonly meaning: string }[] = [
  {
    code: EXIT.ok,
    meaning: 'done; also after a clean stop by SIGTERM, and when the reader of a pipe has gone',
  },
  { code: EXIT.fault, meaning: 'an unexpected fault of bbw (E708), or of its store' },
  { code: EXIT.usage, meaning: 'a wrong flag or argument, or input data that cannot be used' },
  { code: EXIT.notFound, meaning: 'not found, or not running' },
  { code: EXIT.configuration, meaning: 'configuration, credentials or installation' },
  {
    code: EXIT.exchange,
    meaning:
      'network or exchange; trying again may help. Also an end, by Ctrl-C or SIGTERM too, that leaves something open (C712)',
  },
  { code: EXIT.refused, meaning: 'refused by a risk rule, a cap or the kill switch' },
  { code: EXIT.differs, meaning: 'a check found a difference (replay, parity)' },
  { code: EXIT.busy, meaning: 'a lock or a budget is taken; try again' },
  { code: EXIT.held, meaning: 'another instance of bbw owns the account' },
  { code: EXIT.interrupted, meaning: 'stopped by Ctrl-C, and nothing was found wrong at the end' },
]
