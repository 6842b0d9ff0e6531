import {
  ConfigError,
  codeOf,
  DataError,
  ExchangeError,
  HeldError,
  StoreError,
  type StoreTrouble,
  UsageError,
} from '../core/base/errors.ts'
import { harmless } from '../core/base/harmless.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

/** What a command's error means for the user. */
export interface Failure {
  readonly code: ExitCode
  /** What happened, where, and what can be done: one line each, without a line's end. */
  readonly lines: readonly string[]
}

function place(error: DataError): string {
  if (error.place === undefined) return ''
  const { file, line, column, field } = error.place
  const parts = file === '' ? [] : [file]
  if (line !== undefined) parts.push(`line ${line}`)
  if (column !== undefined) parts.push(`column ${column}`)
  if (field !== undefined) parts.push(field)
  return `${parts.join(', ')}: `
}

function remedied(message: string, remedy: string | undefined): readonly string[] {
  return remedy === undefined ? [message] : [message, remedy]
}

const STORE_EXIT: { readonly [K in StoreTrouble]: ExitCode } = {
  busy: EXIT.busy,
  'lease-lost': EXIT.held,
  full: EXIT.fault,
  io: EXIT.fault,
  damaged: EXIT.fault,
  unsound: EXIT.fault,
  other: EXIT.fault,
}

function explain(error: unknown): Failure {
  if (error instanceof UsageError) {
    return { code: EXIT.usage, lines: remedied(error.message, error.remedy) }
  }
  if (error instanceof DataError) {
    return { code: EXIT.usage, lines: remedied(place(error) + error.message, error.remedy) }
  }
  if (error instanceof ConfigError) {
    return { code: EXIT.configuration, lines: remedied(error.message, error.remedy) }
  }
  if (error instanceof ExchangeError) {
    if (error.ambiguous) {
      const remedy = 'it may have taken effect: look at the account before you try again'
      return { code: EXIT.exchange, lines: remedied(error.message, remedy) }
    }
    const remedy = error.retryable ? 'trying again may help' : undefined
    return { code: EXIT.exchange, lines: remedied(error.message, remedy) }
  }
  if (error instanceof StoreError) {
    const remedy = error.remedy ?? (error.retryable ? 'the store was busy: trying again may help' : undefined)
    const message = error.trouble === 'other' ? error.message : `${codeOf(error)} ${error.message}`
    return { code: STORE_EXIT[error.trouble], lines: remedied(message, remedy) }
  }
  if (error instanceof HeldError) {
    return { code: EXIT.held, lines: remedied(`E801 ${error.message}`, error.remedy) }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: EXIT.fault, lines: [`E708 unexpected fault: ${message}`] }
}

/**
 * The exit code for anything that a command throws, and the words for it, without control characters. With `verbose`
 * the stack follows.
 */
export function failureOf(error: unknown, verbose: boolean): Failure {
  const { code, lines } = explain(error)
  const stack = verbose && error instanceof Error ? (error.stack ?? '').split('\n').slice(1) : []
  const causes =
    verbose && error instanceof Error && error.cause !== undefined ? [`cause: ${error.cause}`] : []
  return { code, lines: [...lines, ...stack, ...causes].map(harmless) }
}
