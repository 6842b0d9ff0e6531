import { statusCommandOver } from './status.ts'
import { openStatusSource } from './status-state.ts'

export const statusCommand = statusCommandOver(openStatusSource, null)
