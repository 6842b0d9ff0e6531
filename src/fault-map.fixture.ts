/**
 * What can break, and the test that shows what bbw does about it. The rows are those of the fault catalogue; a row
 * that does not apply says why. `fault-map.test.ts` holds every row to its test.
 */

/** A test by its file, from `src`, and its title. */
export interface NamedTest {
  readonly file: string
  readonly title: string
}

/**
 * By what a fault is brought about. L1: the simulated Bybit over real sockets; L2: what lies between it and bbw; L3: the
 * clock; L4: the process is killed; L5: the database and its disk; L7: another process; L8: the kernel. Others by name: a
 * hook, a file, the command line, what is written, the packages of the project.
 */
export type Lever = 'L1' | 'L2' | 'L3' | 'L4' | 'L5' | 'L7' | 'L8' | 'hook' | 'file' | 'CLI' | 'output' | 'CI'

export interface FaultRow {
  /** Of the catalogue: A1, H12. */
  readonly row: string
  /** Those that the catalogue names; each is used where more than one stands. */
  readonly lever: readonly Lever[]
  readonly what: string
  /** The codes that its message may bear; empty for a row that is only counted. */
  readonly codes: readonly string[]
  /** The tests, or why there is none. */
  readonly shown: readonly NamedTest[] | { readonly notApplicable: string }
}
