/**
 * The tables of `state.db`, and of every portable database: one schema for both engines. Ids are texts, because sql.js
 * rounds whole numbers beyond 2^53; times are milliseconds; `record` is the whole as JSON, and the columns beside it
 * are for people who ask with SQL.
 */

/** Marks a file as bbw's state, and as a portable database of results. */
export const STATE_ID = 0x62627773
export const RESULTS_ID = 0x62627772

export const TABLES = {
  signals: `CREATE TABLE signals (
    id TEXT PRIMARY KEY, ts INTEGER NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL, strategy TEXT NOT NULL,
    score REAL NOT NULL, verdict TEXT NOT NULL, reason TEXT NOT NULL, record TEXT NOT NULL, outcome TEXT
  ) STRICT`,
  intents: `CREATE TABLE intents (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, symbol TEXT, side TEXT, purpose TEXT NOT NULL,
    signal_id TEXT, request TEXT NOT NULL, reason TEXT NOT NULL, created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL, token INTEGER
  ) STRICT`,
  orders: `CREATE TABLE orders (
    key TEXT PRIMARY KEY, kind TEXT, symbol TEXT, side TEXT, leg TEXT, steps REAL, state TEXT, record TEXT NOT NULL
  ) STRICT`,
  positions: `CREATE TABLE positions (
    key TEXT PRIMARY KEY, symbol TEXT, side TEXT, strategy TEXT, qty TEXT, entry REAL, stop TEXT, opened_at REAL,
    record TEXT NOT NULL
  ) STRICT`,
  trades: `CREATE TABLE trades (
    id TEXT PRIMARY KEY, closed_at INTEGER NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL, strategy TEXT NOT NULL,
    net REAL NOT NULL, fees REAL NOT NULL, funding REAL NOT NULL, origin TEXT NOT NULL, record TEXT NOT NULL
  ) STRICT`,
  events: `CREATE TABLE events (
    seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, kind TEXT NOT NULL, code TEXT, symbol TEXT, record TEXT NOT NULL,
    previous TEXT NOT NULL, hash TEXT NOT NULL
  ) STRICT`,
  cooldowns: 'CREATE TABLE cooldowns (key TEXT PRIMARY KEY, until REAL NOT NULL) STRICT',
  kv: 'CREATE TABLE kv (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT',
} as const

export type Table = keyof typeof TABLES

export const TABLE_NAMES = Object.keys(TABLES) as readonly Table[]

/** What results, trades and journals are made of outside of `state.db`. */
export const PORTABLE_TABLES: readonly Table[] = ['signals', 'trades', 'events', 'kv']

const INDEXES = [
  // The reservation: one entry at a time that is open or may be.
  `CREATE UNIQUE INDEX intents_entry ON intents (symbol, side)
    WHERE kind = 'order' AND purpose = 'entry' AND state IN ('pending', 'unknown', 'open')`,
  "CREATE INDEX intents_queue ON intents (state) WHERE kind = 'command' AND state IN ('queued', 'taken')",
  "CREATE INDEX intents_answered ON intents (changed_at) WHERE kind = 'command'",
  'CREATE INDEX trades_closed ON trades (closed_at)',
  'CREATE INDEX events_kind ON events (kind, ts)',
]

/** Makes an empty `state.db` of the first version. */
export const BASE_SCHEMA = [...Object.values(TABLES), ...INDEXES, `PRAGMA application_id = ${STATE_ID}`].join(
  ';\n',
)
