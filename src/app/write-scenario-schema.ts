/** `npm run schema`: writes scenarios/scenario.schema.json, which editors use; a test keeps it equal to the schema in the code. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scenarioJsonSchema } from '../scenario/scenario.ts'

const target = join(import.meta.dirname, '../../scenarios/scenario.schema.json')
writeFileSync(target, `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`)
