/** The log: structured lines through one sink, in which every secret is taken out. */
import { type Level, pino } from 'pino'
import { type Code, severityOf } from '../../base/codes.ts'
import { harmless } from '../../base/harmless.ts'
import { REDACTED } from '../../base/secrets.ts'
import { LogFile, type WriteBytes } from './log-file.ts'
import { plainValue } from './plain-value.ts'
import type { Redactor } from './redactor.ts'

/** What is to be known beside the words of a line. */
export type LogFields = { readonly [name: string]: unknown }

/** Where a process says what it does. Nothing here throws or waits. */
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** A message with its code, at the level that the code's severity says. */
  code(code: Code, words: string, fields?: LogFields): void
  /** Lines that could not be written so far. */
  readonly lost: number
  close(): void
}

export interface LogOptions {
  /** Lines below this level are left out. */
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error'
  /** The absolute path of the log; `null` for standard error. */
  readonly file: string | null
  /** Beyond so many megabytes the file is put aside as FILE.1. */
  readonly maxMegabytes: number
  readonly stderr: { readonly isTTY: boolean; write(text: string): void }
  /** Knows the values that must not appear anywhere, in whatever way they are written. */
  readonly redactor: Redactor
  readonly clock: { now(): number; monotonic(): number }
  /** Hears that the file cannot be written, once, and that it can be again; both are said on standard error, too. */
  readonly onTrouble?: (words: string) => void
  /** Writes to the file; the system's own unless something else is said. */
  readonly write?: WriteBytes
}

const MEGABYTE = 1_000_000

/** What pino itself hides before a line reaches the sink, which looks at everything again and deeper. */
const HIDDEN = ['key', 'secret', 'sign', 'token', 'authorization'].flatMap(name => [
  name,
  `*.${name}`,
  `*.*.${name}`,
  `*.headers.${name}`,
  `*.cause.${name}`,
  `*.cause.config.headers.${name}`,
])

const LEVELS: { readonly [severity in ReturnType<typeof severityOf>]: Level } = {
  info: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'fatal',
}

/** Opens the log. Throws a ConfigError where its file cannot be. */
export function openLog(options: LogOptions): Log {
  const { level, file, maxMegabytes, stderr, redactor, clock, onTrouble, write } = options
  const say = (text: string): void => {
    try {
      stderr.write(text)
    } catch {
      // There is nowhere left to say it.
    }
  }
  const target =
    file === null
      ? null
      : new LogFile({
          path: file,
          maxBytes: maxMegabytes * MEGABYTE,
          monotonic: () => clock.monotonic(),
          onTrouble(words) {
            const clean = harmless(redactor.text(words))
            say(`bbw: ${clean}\n`)
            onTrouble?.(clean)
          },
          ...(write === undefined ? {} : { write }),
        })
  const sink = (line: string): void => {
    const record = cleaned(line, redactor)
    if (target !== null) target.add(JSON.stringify(record))
    else say(`${stderr.isTTY ? plainLine(record) : JSON.stringify(record)}\n`)
  }
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: label => ({ level: label }) },
      redact: { paths: HIDDEN, censor: REDACTED },
    },
    { write: sink },
  )
  const put = (at: Level, fields: LogFields, message: string): void => {
    if (!logger.isLevelEnabled(at)) return
    try {
      // As a format the message would have its own % signs replaced.
      logger[at](asFields(plainValue(fields)), '%s', message)
    } catch {
      sink(JSON.stringify({ level: at, msg: 'a line could not be written down' }))
    }
  }
  return {
    debug: (fields, message) => put('debug', fields, message),
    info: (fields, message) => put('info', fields, message),
    warn: (fields, message) => put('warn', fields, message),
    error: (fields, message) => put('error', fields, message),
    code: (code, words, fields = {}) =>
      put(LEVELS[severityOf(code)], { ...fields, code }, `${code} ${words}`),
    get lost() {
      return target?.lost ?? 0
    },
    close: () => target?.close(),
  }
}

type Line = { readonly [name: string]: unknown }

/** These belong to the line itself. */
const OWN = ['level', 'time', 'msg']

function asFields(value: unknown): Line {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [OWN.includes(name) ? `${name}_` : name, one]),
  )
}

/** A line without secrets. What cannot be cleaned for certain is not let through. */
function cleaned(line: string, redactor: Redactor): Line {
  const withheld = { level: 'error', msg: 'a line with a secret in it was withheld' }
  try {
    const { level, time, ...rest }: Line = JSON.parse(line)
    const clean = redactor.value(rest)
    const record = { level, time, ...(typeof clean === 'object' ? clean : {}) }
    const text = JSON.stringify(record)
    // A secret can be made of parts that are harmless one by one.
    return redactor.exact(text) === text ? record : withheld
  } catch {
    return withheld
  }
}

/** A record as a person reads it: time, level, words, and the fields behind. */
function plainLine({ level, time, msg, code: _, ...fields }: Line): string {
  const clock = typeof time === 'string' ? time.slice(11, 19) : ''
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return harmless([clock, String(level), String(msg), ...rest].join(' '))
}
