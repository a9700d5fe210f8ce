/** Exit codes of the process. Part of the interface: scripts depend on them. */
export const exitCodes = {
  /** Done, also where a limit ended the run: all that was found is committed. */
  ok: 0,
  /** The run failed, verify found something wrong, there is no such run or dataset, it cannot be forgotten yet, or classify or inspect could not read what it was given. */
  failed: 1,
  /** An option, seed or config file that cannot be used, or an --out with files that are not pairmill's. Nothing was started. */
  usage: 2,
  /** Another process works in the folder, or its run is not at rest. */
  locked: 3,
  /** The folder holds a run with other options. */
  optionsDiffer: 4,
  /** The model could not be had or cannot be used. */
  model: 5,
  /** The fleet's server could not be reached or cannot be used. */
  backend: 6,
  /** `--render always`, and no browser that can be used. */
  browser: 7,
  /** The run is done, and none of its seeds or sources could be read. */
  unread: 8,
  /** 128 + SIGINT. The state resumes. */
  interrupted: 130,
  /** 128 + SIGTERM. The state resumes. */
  terminated: 143,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export const exitCodeHelp: readonly (readonly [ExitCode, string])[] = [
  [exitCodes.ok, 'done; also when a limit was reached and everything found is in shards'],
  [
    exitCodes.failed,
    'the run failed, verify found problems, there is no such run or dataset, or something could not be read',
  ],
  [
    exitCodes.usage,
    'an option, a seed or the config file cannot be used, or --out holds files of others; nothing was started',
  ],
  [exitCodes.locked, 'refused: another process works in this folder, or a run is not at rest'],
  [exitCodes.optionsDiffer, 'refused: the folder holds a run with other options'],
  [exitCodes.model, 'the model could not be fetched or cannot be used'],
  [exitCodes.backend, 'the server of the fleet could not be reached or cannot be used'],
  [exitCodes.browser, '--render always, and there is no Chromium that starts'],
  [exitCodes.unread, 'the run is done, and none of its seeds or sources could be read'],
  [exitCodes.interrupted, 'interrupted (SIGINT, Ctrl-C); the same command goes on'],
  [exitCodes.terminated, 'terminated (SIGTERM); the same command goes on'],
]
