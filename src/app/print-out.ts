/** Text to stdout in pieces, as fast as the reader takes it: a log's text may be larger than memory. */
import { once } from 'node:events'
import process from 'node:process'

export async function printOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
