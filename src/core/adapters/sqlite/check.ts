/** Everything that can be wrong with a state, in words. */
import { existsSync } from 'node:fs'
import { type Counts, countRows, unsoundness } from './backup.ts'
import { readBooks } from './books-rows.ts'
import { Connection } from './connection.ts'
import { brokenChain } from './events.ts'
import { refuseForeign, schemaVersion } from './migrations.ts'
import { STATE_ID } from './schema.ts'
import { damageIn, troubled } from './store-error.ts'

export interface CheckReport {
  readonly schema: number
  /** Rows of each table; `null` where they cannot be counted. */
  readonly counts: Counts | null
  /** What is wrong, a sentence each; empty for a sound state. */
  readonly wrong: readonly string[]
}

/**
 * Checks a state while it may be in use: the file and its indexes, the chain of the journal, the books. Throws a
 * StoreError for a file that is not there, is not bbw's, is of a later bbw, or cannot be read.
 */
export function checkState(path: string): CheckReport {
  if (!existsSync(path)) throw troubled(`${path}: there is no state yet`, 'io', 'bbw run makes it')
  const connection = new Connection(path, { readOnly: true, random: () => 0 })
  try {
    let report: CheckReport = { schema: 0, counts: null, wrong: [] }
    // One view: rows that are written meanwhile would look like breaks of the chain.
    const wrong = damageIn(() => {
      connection.view(() => {
        report = inspect(connection)
      })
      return []
    })
    return wrong.length === 0 ? report : { ...report, wrong }
  } finally {
    connection.close()
  }
}

function inspect(connection: Connection): CheckReport {
  refuseForeign(connection, STATE_ID)
  const file = damageIn(() => unsoundness(connection, true))
  const chain = damageIn(() => brokenChain(connection))
  const books = damageIn(() => {
    readBooks(connection)
    return []
  })
  let counts: Counts | null = null
  const uncounted = damageIn(() => {
    counts = countRows(connection)
    return []
  })
  const wrong = [...new Set([...file, ...chain, ...books, ...uncounted])]
  return { schema: schemaVersion(connection), counts, wrong }
}
