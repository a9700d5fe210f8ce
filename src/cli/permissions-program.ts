import { type Command, Option } from 'commander'
import type { ExitCode } from './exit-codes.js'
import type { DecisionFilter, PermissionsCall } from './permissions.js'

/** `answer` takes the exit code. */
export function addPermissionsCommand(
  program: Command,
  permissions: (call: PermissionsCall) => Promise<ExitCode>,
  answer: (code: ExitCode) => void,
): void {
  program
    .command('permissions')
    .summary('list on whose word each page and image was fetched or left alone')
    .description(
      'Lists the decision about every page that the run came to, read or not, and about every image of the committed shards: the rule ' +
        'of robots.txt that allowed it, or the rule or opt-out that forbade it, with what the site wrote, where, and when it was read; ' +
        'of a page also what became of it. Links with rel=nofollow are left alone before that, and only counted.',
    )
    .argument('<DIR>', 'folder of the dataset, or s3://BUCKET/PREFIX')
    .option('--host <NAME>', 'only what lies on this host, or on one below it')
    .addOption(new Option('--only <WHAT>', 'only decisions about these').choices(['pages', 'images']))
    .option(
      '--rule <NAME>',
      'only decisions by this rule, or pages for this reason: robots, robots:disallow, tdm, http_4xx, ...',
    )
    .option('--refused', 'only what was refused')
    .option('--json', 'a JSON object a line on standard output; the counts go to standard error')
    .action(async (place: string, given: PermissionsFlags) => {
      answer(
        await permissions({
          place,
          filter: {
            only: given.only ?? null,
            host: given.host ?? null,
            rule: given.rule ?? null,
            refusedOnly: given.refused === true,
          },
          json: given.json === true,
        }),
      )
    })
}

interface PermissionsFlags {
  readonly only?: DecisionFilter['only']
  readonly host?: string
  readonly rule?: string
  readonly refused?: boolean
  readonly json?: boolean
}
