/** The shipped sync profiles: what loading rules takes with each tool. */
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { badInput, type Problem } from '../problem/problem.ts'
import { checkSchema } from '../scenario/check-schema.ts'
import { describePath } from '../scenario/set-path.ts'
import { SYNC_PROFILES, type SyncProfile, type SyncTool } from '../scenario/sync-profile.ts'
import { type InputFile, readInput } from './files.ts'

export const SHIPPED_SYNC_PROFILES = join(import.meta.dirname, '../../profiles/sync-linux-6.18-epyc.json')

export const readSyncProfile = (tool: SyncTool, path = SHIPPED_SYNC_PROFILES): TE.TaskEither<Problem, SyncProfile> =>
  pipe(
    readInput(path),
    TE.chainEitherK(file =>
      pipe(
        decodeSyncProfiles(file),
        E.chain(profiles => {
          const found = profiles.find(p => p.tool === tool)
          return found === undefined
            ? E.left(badInput({ file: file.name }, `holds no profile of ${tool}`, 'make it with npm run sync-costs'))
            : E.right(found)
        }),
      ),
    ),
  )

export const decodeSyncProfiles = ({ name, bytes }: InputFile): E.Either<Problem, readonly SyncProfile[]> =>
  pipe(
    E.tryCatch(
      (): unknown => JSON.parse(new TextDecoder().decode(bytes)),
      () => badInput({ file: name }, 'is no JSON', 'make the file with npm run sync-costs'),
    ),
    E.chain(value => checkSchema(SYNC_PROFILES, value, path => ({ file: name, field: describePath(path) }))),
    E.map(({ profiles }) => profiles),
  )
