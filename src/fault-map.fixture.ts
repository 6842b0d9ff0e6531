/**
 * What can break, and the test that shows what bbw does about it. The rows are those of the fault catalogue; a row
 * that does not apply says why. `fault-map.test.ts` holds every row to its test.
 */

/** A test by its file, from `src`, and its title. */
export interface NamedTest {
  readonly file: string
  readonly title: string
}

export interface FaultRow {
  /** Of the catalogue: A1, H12. */
  readonly row: string
  readonly what: string
  /** The codes that its message may bear; empty for a row that is only counted. */
  readonly codes: readonly string[]
  /** The tests, or why there is none. */
  readonly shown: readonly NamedTest[] | { readonly notApplicable: string }
}
