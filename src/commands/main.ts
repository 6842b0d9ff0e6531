import process from 'node:process'
import { REGISTRY } from './registry.ts'
import { runShell } from './shell.ts'
import { ownVersion } from './version.ts'

/** Runs the command line of this process and ends the process; called by `bin/bbw`. */
export function main(): Promise<never> {
  return runShell(process, REGISTRY, ownVersion())
}
