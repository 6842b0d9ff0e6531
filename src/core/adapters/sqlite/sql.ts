/** What both engines, node:sqlite over a shared file and sql.js over bytes, have in common. */

export type SqlValue = string | number | null | Uint8Array

export interface SqlRow {
  readonly [column: string]: unknown
}

/** Answers queries. Throws a StoreError. */
export interface Reader {
  all(sql: string, ...params: readonly SqlValue[]): readonly SqlRow[]
}

/** Carries out statements, too; `run` returns how many rows it changed. */
export interface Writer extends Reader {
  run(sql: string, ...params: readonly SqlValue[]): number
}

/** The first row of an answer. */
export function first(reader: Reader, sql: string, ...params: readonly SqlValue[]): SqlRow | undefined {
  return reader.all(sql, ...params)[0]
}

/** The one number that a query answers with. */
export function numberOf(reader: Reader, sql: string, ...params: readonly SqlValue[]): number {
  const row = first(reader, sql, ...params)
  return row === undefined ? 0 : Number(Object.values(row)[0])
}
