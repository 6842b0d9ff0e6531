/** `bbw sim` in a process of its own; tests start it. */
import process from 'node:process'
import { runShell } from './shell.ts'
import { simCommand } from './sim.ts'

const { name, summary } = simCommand
await runShell(process, [{ name, summary, load: async () => simCommand }], '0.0.0')
